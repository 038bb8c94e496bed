"""The config of a search: every field with its default and its meaning."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any

import ml_collections
from ml_collections import config_dict

from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.presets import DEFAULT
from nao_tf.errors import InputError
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.search.ray_cluster import RayOptions
from nao_tf.searchers.registry import COMMON, SEARCHERS, settings
from nao_tf.tasks.config import default_task_config
from nao_tf.tasks.make import TEXT_SOURCES
from nao_tf.tasks.text_config import default_text_task_config
from nao_tf.training.config import TrainConfig
from nao_tf.training.language_config import LanguageTrainConfig


def default_config() -> ml_collections.ConfigDict:
    """Returns the config that every file in `configs/` starts from: the paper's image search (section 4.1).

    Returns:
        A locked ConfigDict: setting a field that does not exist raises, and names the nearest that does.
    """
    return _config(default_task_config(), 'nao_cnn', default_child_config())


def default_text_config() -> ml_collections.ConfigDict:
    """Returns the config that every search on text starts from: the paper's on Penn Treebank (section 4.3).

    The paper gives neither the random start nor the proposals of a round there; they are those of the images.

    Returns:
        A locked ConfigDict; task and child have other fields than those of images, everything else has the same.
    """
    return _config(default_text_task_config(), 'nao_rnn', default_recurrent_child_config())


def default_config_for(task_name: str) -> ml_collections.ConfigDict:
    """Returns the default config that a task belongs to.

    Args:
        task_name: `config.task.name`.
    """
    return default_text_config() if task_name in TEXT_SOURCES else default_config()


def _config(task: ml_collections.ConfigDict, space: str, child: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    config = ml_collections.ConfigDict()
    config.seed = 0  # of the proposals and of every child
    config.threads = 0  # of TensorFlow, within one operation; 0 leaves them alone. Scores depend on it
    config.task = task
    config.space = ml_collections.ConfigDict(
        {
            'name': space,  # see nao_tf/spaces/registry.py
            'module': '',  # a Python file of yours that defines a space or operations
        }
    )
    config.child = child
    config.searcher = default_searcher_config()
    config.constraints = ml_collections.ConfigDict(
        {
            # What a child may cost at the most (docs/constraints.md); 0 is no limit.
            'max_params': 0,  # trainable parameters, the auxiliary head not counted
            'max_flops': 0,  # for one image or one word: twice the multiply-adds
            'max_latency_ms': 0.0,  # of one image or one sequence, measured on this machine
        }
    )
    config.objective = 'score'  # 'pareto' keeps the front of score against one cost
    config.pareto = ml_collections.ConfigDict(
        {
            'cost': 'params',  # or 'flops', 'latency_ms'
            'exponent': 0.07,  # w: the searcher maximises score x cost^-w (MnasNet)
        }
    )
    config.baseline = 'none'  # 'random' adds an arm that shares the random start and trains as many children
    config.warm_start = ''  # work directory of another search whose scores this one starts from
    config.max_attempts = 3  # a child that dies this often becomes a failure
    config.ray = default_ray_config()
    return config.lock()


def default_ray_config() -> ml_collections.ConfigDict:
    """Returns the fields of `config.ray`: what a child gets and may take under `--executor=ray`."""
    return ml_collections.ConfigDict(
        {field.name: field.default for field in dataclasses.fields(RayOptions) if field.name not in RAY_FLAGS}
    )


def default_child_config() -> ml_collections.ConfigDict:
    """Returns the fields of `config.child`: the size of a search child and its recipe (A1, search column)."""
    child = ml_collections.ConfigDict()
    child.cells_per_stage = 3  # N
    child.filters = 32  # F
    child.stem = 'cifar'
    child.rules = NETWORK_DEFAULTS['rules']
    child.drop_path_keep = 0.7
    child.dense_keep = 1.0
    child.auxiliary = True  # auxiliary head, at its weight below
    child.precision = 'float32'  # or 'mixed_bfloat16', 'mixed_float16', or 'auto': what the devices are made for
    for field in dataclasses.fields(TrainConfig):
        child[field.name] = field.default
    return child


def default_recurrent_child_config() -> ml_collections.ConfigDict:
    """Returns the fields of `config.child` for texts: a language model and its recipe (A3)."""
    child = ml_collections.ConfigDict()
    child.hidden = 850  # H
    for field in dataclasses.fields(RecurrentConfig):
        if field.default is not dataclasses.MISSING:
            child[field.name] = field.default
    child.precision = 'float32'  # or 'auto', which is that: language models know no other
    for training_field in dataclasses.fields(LanguageTrainConfig):
        child[training_field.name] = training_field.default
    return child


def default_searcher_config() -> ml_collections.ConfigDict:
    """Returns the fields of `config.searcher`: NAO with the paper's 600 + 200 + 200."""
    searcher = ml_collections.ConfigDict()
    searcher.name = 'nao'
    searcher.initial = 600  # |X|, the random start
    searcher.rounds = 2  # fits whose proposals are trained
    searcher.per_round = 200  # proposals of a round
    searcher.seeds = 200  # K, the cells that climb
    searcher.per_query = 20  # candidates decoded and scored for each cell that is proposed, with a posterior
    searcher.moves = 'ascent'  # how candidates are made; for ablations 'random_step' or 'mutation'
    searcher.climbs = 2  # parts of the candidates; each starts from the most promising ones before it
    searcher.preset = 'default'  # of the controller: 'default', 'paper' or 'released' (docs/controller.md)
    searcher.controller = ml_collections.ConfigDict(
        {
            # Fields of ControllerConfig; None leaves the preset's value.
            field.name: config_dict.placeholder(type(getattr(DEFAULT, field.name)))
            for field in dataclasses.fields(ControllerConfig)
        }
    )
    for name in SEARCHERS:
        if name not in ('nao', 'random'):
            searcher[name] = ml_collections.ConfigDict(
                {
                    # None takes the value that stands above for all searchers.
                    field: config_dict.placeholder(type(value)) if field in COMMON else value
                    for field, value in settings(name).items()
                }
            )
    return searcher


RAY_FLAGS = ('workers', 'address')  # of the command, not of the search: they change from run to run

NETWORK_DEFAULTS = {
    field.name: field.default for field in dataclasses.fields(NetworkConfig) if field.default is not dataclasses.MISSING
}


def flatten(config: ml_collections.ConfigDict) -> dict[str, Any]:
    """Returns a config as `{'task.name': value, ...}` with JSON types, in the order of its fields."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, ml_collections.ConfigDict):
            flat.update({f'{name}.{inner}': item for inner, item in flatten(value).items()})
        else:
            flat[name] = list(value) if isinstance(value, tuple | list) else value
    return flat


def from_flat(flat: dict[str, Any], origin: str) -> ml_collections.ConfigDict:
    """Returns the default config with the given fields set.

    Args:
        flat: what `flatten` returned.
        origin: where it was read, for the error.

    Raises:
        InputError: if a field does not exist or has another type.
    """
    config = default_config_for(flat.get('task.name', ''))
    for name, value in flat.items():
        set_field(config, name, value, origin=origin)
    return config


def set_field(config: ml_collections.ConfigDict, name: str, value: Any, *, origin: str) -> None:
    """Sets one field of a config by its full name.

    Args:
        config: changed in place.
        name: such as `child.epochs`.
        value: of the field's type.
        origin: where the value comes from, for the error.

    Raises:
        InputError: if there is no such field, or the value is of another type.
    """
    known = flatten(config)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f'; did you mean {near[0]}?' if near else f'; the fields are {", ".join(known)}'
        raise InputError(f'{origin}: there is no config field {name!r}{hint}')
    *path, last = name.split('.')
    inner = config
    for part in path:
        inner = inner[part]
    kind = inner.get_type(last)
    try:
        if isinstance(value, bool) and kind is not bool:
            raise TypeError
        inner[last] = tuple(value) if kind is tuple and value is not None else value
    except TypeError:
        raise InputError(f'{origin}: config field {name} is {value!r}; it must be of type {kind.__name__}') from None
