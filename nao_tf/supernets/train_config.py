"""Recipes of shared weights: how long and by what rule a supernet is trained, and on what it scores architectures."""

from __future__ import annotations

import dataclasses

from nao_tf.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedTrainConfig:
    """How convolutional shared weights are trained; the defaults are the released search's on CIFAR-10 (A2).

    Args:
        epochs: passes over the training split between two rounds of the controller (30 of 150).
        batch_size: images in one step, all of them through one architecture.
        eval_batch_size: images of a validation batch, whose own statistics every normalisation takes: it belongs to
            the meaning of a score.
        score_batches: validation batches on which every architecture is scored, the same for all; 0 takes all full
            ones (the released code takes one, another for each architecture).
        learning_rate: at the start of every period of the cosine.
        final_learning_rate: at its end.
        restart_epochs: length of the first period, T_0; 0 for one period over the whole training.
        restart_factor: every period is so many times as long as the one before, T_mul.
        momentum: of SGD.
        nesterov: whether the momentum looks ahead.
        weight_decay: times half the sum of squares of the weights that a step uses.
        clip_norm: bound of the gradient's global norm; 0 means none.
        auxiliary_weight: weight of the auxiliary head's loss, where the supernet has that head.
        execution: `selected`, the fastest on CPU and GPU, or `masked`, which lowers for TPU.

    Raises:
        InputError: if a value is out of its range.
    """

    epochs: int = 30
    batch_size: int = 160
    eval_batch_size: int = 500
    score_batches: int = 0
    learning_rate: float = 0.05
    final_learning_rate: float = 0.0005
    restart_epochs: int = 10
    restart_factor: int = 2
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 2e-4
    clip_norm: float = 5.0
    auxiliary_weight: float = 0.4
    execution: str = 'selected'

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                1: ('epochs', 'batch_size', 'eval_batch_size', 'restart_factor'),
                0: (
                    *('score_batches', 'learning_rate', 'final_learning_rate', 'restart_epochs'),
                    *('weight_decay', 'clip_norm', 'auxiliary_weight'),
                ),
            },
        )
        if not 0 <= self.momentum < 1:
            raise InputError(f'sharing.momentum is {self.momentum}; it must lie in [0, 1)')


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedTextConfig:
    """How recurrent shared weights are trained; the defaults are the released search's on Penn Treebank (A3).

    Args:
        epochs: passes over the training text between two rounds of the controller (200 of 1,000).
        batch_size: B, streams read side by side, all of them by one cell in a step.
        eval_batch_size: streams in an evaluation; each begins with an empty state.
        sequence_length: T, tokens of one step of truncated backpropagation.
        random_length: whether lengths are drawn around T; the rate of a step is scaled by its length over T either way.
        score_segments: validation segments of T tokens on which every cell is scored, the first ones, the same for
            all; 0 takes all of the text (the released code takes one, another for each cell).
        learning_rate: of SGD without momentum, constant.
        weight_decay: times half the sum of squares of the weights that a step uses.
        clip_norm: bound of the gradient's global norm; 0 means none.
        activation_penalty: alpha of AR.
        slowness_penalty: beta of TAR.
        execution: `selected`, the fastest on CPU and GPU, or `masked`, which lowers for TPU.

    Raises:
        InputError: if a value is out of its range.
    """

    epochs: int = 200
    batch_size: int = 256
    eval_batch_size: int = 64
    sequence_length: int = 35
    random_length: bool = True
    score_segments: int = 0
    learning_rate: float = 0.25
    weight_decay: float = 5e-7
    clip_norm: float = 10.0
    activation_penalty: float = 0.0
    slowness_penalty: float = 1e-3
    execution: str = 'selected'

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                1: ('epochs', 'batch_size', 'eval_batch_size', 'sequence_length'),
                0: (
                    *('score_segments', 'learning_rate', 'weight_decay', 'clip_norm'),
                    *('activation_penalty', 'slowness_penalty'),
                ),
            },
        )


def check_ranges(config: object, least: dict[int, tuple[str, ...]]) -> None:
    """Raises an InputError that names the first field below its least value.

    Args:
        config: a dataclass of `config.sharing`.
        least: names of fields by the smallest value that is right.
    """
    for bound, fields in least.items():
        for field in fields:
            value = getattr(config, field)
            if not value >= bound:
                raise InputError(f'sharing.{field} is {value}; it must be at least {bound}')
