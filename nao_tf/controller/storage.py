"""A controller in a directory: three `.keras` files and one JSON file that names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.scores import ScoreScale
from nao_tf.errors import InputError
from nao_tf.files import is_whole_archive, local_file, write_text, written_whole

if TYPE_CHECKING:
    from nao_tf.controller.controller import Controller

STATE = 'controller.json'


def save(controller: Controller, directory: Path) -> None:
    """Writes a controller; the JSON file goes last and at once, so a stop leaves the earlier state readable.

    Args:
        controller: what to write.
        directory: is made where it does not exist.
    """
    names = {}
    for model in controller.models:
        names[model.name] = f'{model.name}-{controller.fits}.keras'
        with written_whole(directory / names[model.name]) as partial:
            model.save(partial)
    state = {
        'space': controller.space.name,
        'seed': controller.seed,
        'fits': controller.fits,
        'shift': controller.scale.shift,
        'scale': controller.scale.scale,
        'knots': controller.scale.knots,
        'evaluated': None if controller.process is None else [values.tolist() for values in controller.evaluated or ()],
        'config': controller.config.to_json(),
        'models': names,
    }
    write_text(directory / STATE, json.dumps(state, indent=1))
    for model in controller.models:
        for path in directory.glob(f'{model.name}-*.keras'):
            if path.name != names[model.name]:
                path.unlink()


def load(controller: Controller, directory: Path) -> None:
    """Reads what `save` wrote into a controller of the same space and config.

    Raises:
        InputError: if there is nothing to read, or it belongs to another space or config.
    """
    path = directory / STATE
    try:
        state = json.loads(path.read_text(encoding='utf-8'))
        config = ControllerConfig.from_json(state['config'])
        knots = tuple((float(score), float(target)) for score, target in state['knots'])
        scale = ScoreScale(float(state['shift']), float(state['scale']), knots)
        evaluated = state['evaluated']
        fits, seed, space, names = int(state['fits']), int(state['seed']), state['space'], dict(state['models'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f'{path} is no saved controller: {error}') from error
    if space != controller.space.name:
        raise InputError(f'{path} is a controller of space {space!r}, not {controller.space.name!r}')
    if config != controller.config:
        ours, theirs = controller.config.to_json(), config.to_json()
        odd = ', '.join(
            f'{field} = {theirs[field]!r}, not {ours[field]!r}' for field in ours if ours[field] != theirs[field]
        )
        raise InputError(f'{path} is a controller of another config: {odd}')
    weights = {model.name: _weights(directory / str(names.get(model.name))) for model in controller.models}
    for model in controller.models:
        for variable, value in zip(model.trainable_variables, weights[model.name], strict=True):
            variable.assign(value)
    controller.scale, controller.fits, controller.seed = scale, fits, seed
    controller.process = None
    if evaluated is not None:
        controller.restore_posterior(np.array(evaluated[0], np.int32), np.array(evaluated[1]))


def _weights(path: Path) -> list[np.ndarray]:
    """Returns the weights of a saved model."""
    if not is_whole_archive(path):
        raise InputError(f'{path} is damaged or gone; put back a copy, or fit the controller anew')
    with local_file(path) as file:
        return keras.saving.load_model(file, compile=False).get_weights()
