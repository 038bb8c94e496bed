"""The config of a weight-sharing search: that of a search, and `sharing`, which says how its scores come about."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import ml_collections

from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.search.config import default_config, default_config_for, default_text_config
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.train_config import SharedTextConfig, SharedTrainConfig


def default_sharing_config() -> ml_collections.ConfigDict:
    """Returns the config that every weight-sharing search on images starts from: the released one on CIFAR-10 (A2).

    `child` is what ranks the finalists, and `searcher` what changes the pool: `initial` is its size, `per_round` what a
    round puts into it, `rounds` the fits of the controller.

    Returns:
        A locked ConfigDict; it has the fields of `default_config`, and `sharing`.
    """
    sharing = ml_collections.ConfigDict()
    sharing.cells_per_stage = 2  # N of the supernet
    sharing.filters = 20  # F
    sharing.auxiliary = True
    for field in ('drop_path_keep', 'dense_keep'):
        sharing[field] = getattr(SupernetConfig, field)
    enas = {'learning_rate': 0.0035, 'initial_scale': 0.1, 'logit_bound': 1.1}
    return _config(default_config(), 'enas_cnn', sharing, SharedTrainConfig, new=500, enas=enas)


def default_text_sharing_config() -> ml_collections.ConfigDict:
    """Returns the config that every weight-sharing search on text starts from: the released one on Penn Treebank (A3).

    Returns:
        A locked ConfigDict; it has the fields of `default_text_config`, and `sharing`.
    """
    sharing = ml_collections.ConfigDict()
    sharing.hidden = 300  # H
    for field in dataclasses.fields(RecurrentConfig):
        if field.default is not dataclasses.MISSING:
            sharing[field.name] = field.default
    enas = {'learning_rate': 0.001, 'logit_bound': 2.5, 'temperature': 5.0}
    return _config(default_text_config(), 'nao_rnn', sharing, SharedTextConfig, new=300, enas=enas)


def _config(
    config: ml_collections.ConfigDict,
    space: str,
    sharing: ml_collections.ConfigDict,
    recipe: type,
    *,
    new: int,
    enas: Mapping[str, float],
) -> ml_collections.ConfigDict:
    for field in dataclasses.fields(recipe):
        sharing[field.name] = field.default
    sharing.sampling = 'uniform'  # what a step draws from the pool by; or params, score (`Pool`)
    sharing.fresh = 50  # uniform draws that every round puts into the pool
    sharing.finalists = 5  # of the last scores; each is trained on its own, by `child`
    sharing.ranked = 10  # architectures from the best to the worst, trained likewise: how well do the scores rank?
    with config.unlocked():
        config.sharing = sharing
    config.space.name = space
    config.searcher.initial = 1000
    config.searcher.rounds = 4
    config.searcher.per_round = new
    config.searcher.seeds = 100
    # The controller of ENAS, for its thousands of updates.
    config.searcher.reinforce.update({'layers': 1, 'hidden': 64, 'baseline_decay': 0.99, 'entropy': 1e-4, **enas})
    return config.lock()


def default_config_like(config: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    """Returns the default config of the kind of another one.

    Args:
        config: of any search.
    """
    if 'sharing' not in config:
        return default_config_for(config.task.name)
    text = 'hidden' in config.sharing
    return default_text_sharing_config() if text else default_sharing_config()
