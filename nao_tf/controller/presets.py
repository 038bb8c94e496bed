"""The presets of the controller: the paper's, the released code's, and ours; docs/controller.md has the table."""

from __future__ import annotations

import dataclasses

from nao_tf.controller.config import ControllerConfig
from nao_tf.errors import InputError

PAPER = ControllerConfig(
    encoder_step='token',
    structure='tokens',
    embedding=32,
    hidden=96,
    predictor_hidden=(),
    head='linear',
    scores='raw',
    reconstruction='sum',
    trade_off=0.9,
    batch=50,  # the paper names none; the released script's
    decoder_interval=1,
    weight_decay=0.0,
    recurrent_decay=0.0,
    decoder_decay=0.0,
    clip_norm=5.0,
    encoder_dropout=0.0,
    predictor_dropout=0.0,
    attention='additive',
    decoder_start='last',
    readout='state_context',
    symmetry='doubled',
    renormalise_mean=False,
    renormalise_step=False,
    initial=0.1,
    recurrent_scale=1.0,
    forget_bias=1.0,
    epochs=1000,
    least_steps=0,
    learning_rate=1e-3,
    schedule='constant',
    patience=100,  # ours; the paper always makes 1,000 epochs
    held_out=0.1,
    unevaluated=0.0,
    start='cold',
    growth=1.0,
    posterior='none',
    points=512,
    optimism=0.0,
    impatience=0.0,
    step_unit='gradient',
    step_noise=0.0,
    step_first=10.0,
    step_increment=5.0,
    step_states=0,
    step_pool=0,
    candidates=1.0,
    max_steps=50,
)

RELEASED = dataclasses.replace(
    PAPER,
    encoder_step='branch',
    head='sigmoid',
    scores='min_max',
    reconstruction='mean',
    trade_off=0.8,
    weight_decay=1e-4,
    recurrent_decay=1e-4,
    decoder_decay=1e-4,
    encoder_dropout=0.1,
    decoder_start='mean',
    readout='state',
    symmetry='online',
    renormalise_mean=True,
    renormalise_step=True,
    start='warm',
    step_first=1.0,
    step_increment=1.0,
)

DEFAULT = dataclasses.replace(
    PAPER,
    encoder_step='branch',
    structure='graph',
    predictor_hidden=(100,),
    scores='rank',
    reconstruction='mean',
    trade_off=0.8,
    batch=32,
    decoder_interval=8,
    weight_decay=5e-4,
    recurrent_decay=5e-2,
    encoder_dropout=0.05,
    attention='aligned',
    symmetry='isomorphic',
    initial=0.0,
    recurrent_scale=0.1,
    forget_bias=-2.0,
    epochs=40,
    least_steps=400,
    learning_rate=1e-2,
    schedule='cosine',
    patience=1000,  # the schedule ends the training, and the best weights on its way are kept
    held_out=0.1,
    unevaluated=0.5,
    growth=1.25,
    posterior='process',
    optimism=1.0,
    impatience=0.2,
    step_unit='length',
    step_noise=0.5,
    decoder_start='zero',
    renormalise_step=True,
    step_first=1.0,
    step_increment=0.5,
    step_states=3,
    step_pool=5,
    candidates=1.3,
)

PRESETS = {'paper': PAPER, 'released': RELEASED, 'default': DEFAULT}


def preset(name: str) -> ControllerConfig:
    """Returns a preset by its name.

    Args:
        name: `paper`, `released` or `default`.

    Raises:
        InputError: if there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f'there is no controller preset {name!r}; the presets are {", ".join(PRESETS)}')
    return PRESETS[name]
