"""`nao train`: an architecture trained to the end, on images or on a text, as its config says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_collections
from rich.console import Console

from nao_tf.final.images import train_classifier
from nao_tf.final.text import train_cell
from nao_tf.search.executor import check_hours
from nao_tf.search.workdir import cannot_write
from nao_tf.tasks.make import TaskMaker, make_task
from nao_tf.training.distribution import OFF, Distribution


def train(
    config: ml_collections.ConfigDict,
    workdir: str | Path,
    *,
    make: TaskMaker = make_task,
    max_hours: float | None = None,
    distribution: Distribution = OFF,
    console: Console | None = None,
) -> dict[str, Any] | None:
    """Trains an architecture, or continues to.

    Args:
        config: of a function of `nao_tf.final.config`.
        workdir: made if it does not exist.
        make: makes the task of the fields of `config.task`.
        max_hours: of this session; the same command continues.
        distribution: the devices that train it together.
        console: where progress goes; the standard output by default.

    Returns:
        What `summary.json` holds; None when the time was over, or in a process that trained along.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    check_hours(max_hours)
    command = train_cell if 'hidden' in config.child else train_classifier
    try:
        return command(config, workdir, make=make, max_hours=max_hours, distribution=distribution, console=console)
    except OSError as error:
        raise cannot_write(error, workdir) from error
