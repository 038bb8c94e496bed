"""`nao_tf.search`: a search from Python in one call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_collections

from nao_tf.errors import InputError
from nao_tf.search.config import default_config, default_text_config, set_field
from nao_tf.search.devices import prepare_devices
from nao_tf.search.execution import Execution
from nao_tf.search.result import Result
from nao_tf.search.run import run_search
from nao_tf.search.watch import Watcher
from nao_tf.tasks.make import Task, as_task, is_text
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.strategy import make_strategy


def search(
    task: Any,
    *,
    space: str | None = None,
    budget: int | None = None,
    workdir: str | Path,
    config: ml_collections.ConfigDict | None = None,
    overrides: Mapping[str, Any] | None = None,
    max_hours: float | None = None,
    executor: str = 'in_process',
    workers: int = 1,
    ray_address: str = '',
    distribution: Distribution = OFF,
    watcher: Watcher | None = None,
) -> Result | None:
    """Finds a cell for a task by Neural Architecture Optimization.

    Args:
        task: a folder with a folder of images for each class, an `.npz` file, a pair of arrays
            (images [n, H, W, C], labels [n]), a `tf.data.Dataset` of such pairs, or an `ImageTask`; for a recurrent
            cell `pydoc`, a folder with the files of Penn Treebank or WikiText-2, or a `TextTask`.
        space: name of the search space; None leaves the config's, `nao_cnn`, or `nao_rnn` for a text.
        budget: children to train in all; split as the paper splits its thousand, 60% at random and two rounds of
            20%. None leaves the config's numbers.
        workdir: where the search lives; the same call continues or reprints a search that is there.
        config: what to start from; the defaults are the paper's search, children of N=3 and F=32, or language
            models of 850 units.
        overrides: fields by their full names, such as `{'child.epochs': 5, 'task.image_size': 32}`.
        max_hours: of this call.
        executor: `in_process`, or `ray` (docs/scaling.md).
        workers: children that Ray trains at a time.
        ray_address: `host:port` of a Ray cluster's head or `auto`; '' starts Ray on this machine.
        distribution: the devices that train one child together (docs/scaling.md).
        watcher: told of every child that ends, such as `nao_tf.reports.tensorboard.TensorBoard()`.

    Returns:
        The result, or None if the time was over before the end.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    execution = Execution(executor, workers, ray_address, distribution)
    if config is None:
        settings = default_text_config() if is_text(task) else default_config()
    else:
        settings = config.copy_and_resolve_references()
    settings.lock()
    if space is not None:
        settings.space.name = space
    if budget is not None:
        if budget < 3:
            raise InputError(f'budget is {budget}; a search needs at least 3 children')
        settings.searcher.per_round = max(budget // 5, 1)
        settings.searcher.rounds = 2
        settings.searcher.initial = budget - 2 * settings.searcher.per_round
        settings.searcher.seeds = settings.searcher.per_round
    for name, value in (overrides or {}).items():
        set_field(settings, name, value, origin='overrides')
    prepare_devices(settings)
    if executor != 'ray':
        make_strategy(distribution)
    return run_search(
        settings, workdir, task=task_of(task, settings.task), max_hours=max_hours, execution=execution, watcher=watcher
    )


def task_of(task: Any, fields: Mapping[str, Any]) -> Task:
    """Returns what a person gives for a task as one.

    Args:
        task: as in `search`.
        fields: of `config.task`; what the task itself says goes before them.
    """
    if isinstance(task, Task):
        return task
    return as_task(task, **{name: value for name, value in fields.items() if name not in ('name', 'path')})
