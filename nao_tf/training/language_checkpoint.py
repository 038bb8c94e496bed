"""The checkpoint of a language model's training: one file, from which it continues exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import ARCHIVE_ERRORS, local_file, written_whole
from nao_tf.training.course import Scored

if TYPE_CHECKING:
    from nao_tf.training.language import LanguageTrainer


def save_checkpoint(trainer: LanguageTrainer, path: Path) -> None:
    """Writes all that a training needs to go on after an epoch, whole or not at all.

    Args:
        trainer: between two epochs.
        path: of the `.npz` file.
    """
    course, optimizer = trainer.course, trainer.optimizer
    arrays: dict[str, Any] = {
        **_named('weight', trainer.replicas.read(trainer.network.trained)),
        **_named('average', trainer.replicas.read(optimizer.averages)),
    }
    about: dict[str, Any] = {
        'epoch': course.epoch,
        'steps': course.steps,
        'rollbacks': course.rollbacks,
        'losses': course.rule.losses,
        'averaging': optimizer.averaging,
        'averaged_steps': float(optimizer.averaged_steps.numpy()),
    }
    for name in ('best', 'last'):
        scored: Scored | None = getattr(course, name)
        if scored is not None:
            about[name] = {'loss': scored.loss, 'epoch': scored.epoch, 'metrics': scored.metrics}
            if name == 'best' or scored is not course.best:
                arrays.update(_named(name, scored.values))
    with written_whole(path) as partial, partial.open('wb') as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)


def load_checkpoint(trainer: LanguageTrainer, source: Path | BinaryIO) -> None:
    """Brings a new training to where another was when it wrote a checkpoint.

    Args:
        trainer: of the same network, text and recipe.
        source: the file, or its content.

    Raises:
        InputError: if the file is damaged or of another network.
    """
    count = len(trainer.network.trained)
    try:
        with local_file(source) as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(str(arrays['about']))
            names = [name for name in ('weight', 'average', 'best', 'last') if f'{name}_0' in arrays]
            values = {name: [arrays[f'{name}_{number}'] for number in range(count)] for name in names}
        course, optimizer = trainer.course, trainer.optimizer
        trainer.replicas.write(trainer.network.trained, values['weight'])
        if about['averaging']:
            optimizer.start_averaging()
            optimizer.averaged_steps.assign(about['averaged_steps'])
        trainer.replicas.write(optimizer.averages, values['average'])
        course.epoch, course.steps, course.rollbacks = about['epoch'], about['steps'], about['rollbacks']
        course.rule.losses = list(about['losses'])
        for name in ('best', 'last'):
            if name in about:
                setattr(course, name, Scored(values=values.get(name, values.get('best', [])), **about[name]))
    except ARCHIVE_ERRORS as error:
        reason = ' '.join(str(error).split())[:200]
        raise InputError(f'{source} is no checkpoint of this training ({reason}); remove it to start anew') from None


def _named(name: str, values: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {f'{name}_{number}': value for number, value in enumerate(values)}
