"""The checkpoint of a classifier's training: one file, from which it continues exactly, inside an epoch too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.files import ARCHIVE_ERRORS, local_file, written_whole
from nao_tf.training.course import BestEpoch

if TYPE_CHECKING:
    from nao_tf.training.classifier import ClassifierTrainer


def save_checkpoint(trainer: ClassifierTrainer, path: Path) -> None:
    """Writes all that a training needs to go on, whole or not at all.

    Args:
        trainer: between two calls of its loop.
        path: of the `.npz` file.
    """
    course = trainer.course
    arrays: dict[str, Any] = {}
    for name, variables in _variables(trainer).items():
        arrays.update({f'{name}_{i}': value for i, value in enumerate(trainer.replicas.read(variables))})
    about: dict[str, Any] = {'step': course.step, 'score': course.score, 'metrics': course.metrics}
    if course.losses:
        arrays['losses'] = np.concatenate([losses.numpy() for losses in course.losses])
    if course.best is not None:
        about['best'] = {'score': course.best.score, 'epoch': course.best.epoch, 'metrics': course.best.metrics}
        arrays.update({f'best_{i}': value for i, value in enumerate(course.best.values)})
    with written_whole(path) as partial, partial.open('wb') as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)


def load_checkpoint(trainer: ClassifierTrainer, source: Path | BinaryIO) -> None:
    """Brings a new training to where another was when it wrote a checkpoint.

    Args:
        trainer: of the same network, images and recipe, on any number of devices.
        source: the file, or its content.

    Raises:
        InputError: if it is damaged or of another network.
    """
    try:
        with local_file(source) as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(str(arrays['about']))
            values = {
                name: [arrays[f'{name}_{i}'] for i in range(len(variables))]
                for name, variables in _variables(trainer).items()
            }
            losses = [tf.constant(arrays['losses'])] if 'losses' in arrays else []
            best = None
            if 'best' in about:
                kept = [arrays[f'best_{i}'] for i in range(len(trainer.network.variables))]
                best = BestEpoch(values=kept, **about['best'])
        for name, variables in _variables(trainer).items():
            trainer.replicas.write(variables, values[name])
        course = trainer.course
        course.step, course.score, course.metrics = about['step'], about['score'], about['metrics']
        course.losses, course.best = losses, best
    except ARCHIVE_ERRORS as error:
        reason = ' '.join(str(error).split())[:200]
        raise InputError(f'{source} is no checkpoint of this training ({reason}); remove it to start anew') from None


def _variables(trainer: ClassifierTrainer) -> dict[str, Any]:
    scale = [] if trainer.loss_scale is None else trainer.loss_scale.variables
    return {'weight': trainer.network.variables, 'momentum': trainer.optimizer.slots, 'scale': scale}
