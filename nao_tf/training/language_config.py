"""LanguageTrainConfig: the recipe by which one language model is trained."""

from __future__ import annotations

import dataclasses

from nao_tf.errors import InputError
from nao_tf.training.config import SCORES


@dataclasses.dataclass(frozen=True, kw_only=True)
class LanguageTrainConfig:
    """How long and by what rule a language model is trained; the defaults are the released search on Penn Treebank.

    Args:
        epochs: passes over the training text (600 in the search, A3).
        batch_size: B, streams read side by side.
        eval_batch_size: streams in an evaluation; each begins with an empty state.
        sequence_length: T, tokens of one step of truncated backpropagation (bptt).
        random_length: whether lengths are drawn around T (`nao_tf.tasks.streams.draw_lengths`); the learning rate of a
            step is scaled by its length over T either way.
        learning_rate: of SGD without momentum, constant.
        weight_decay: times the weights, added to the clipped gradient.
        clip_norm: bound of the gradient's global norm; 0 means none.
        activation_penalty: alpha of AR.
        slowness_penalty: beta of TAR.
        averaging_patience: evaluations that the validation loss may be worse than the best before them until
            weights are averaged (NT-ASGD, Merity et al. 2017); 0 never averages.
        score: `best` takes the best epoch's validation perplexity, `last` the last epoch's.

    Raises:
        InputError: if a value is out of its range.
    """

    epochs: int = 600
    batch_size: int = 64
    eval_batch_size: int = 10
    sequence_length: int = 35
    random_length: bool = True
    learning_rate: float = 20.0
    weight_decay: float = 8e-7
    clip_norm: float = 0.25
    activation_penalty: float = 0.0
    slowness_penalty: float = 1e-3
    averaging_patience: int = 5
    score: str = 'best'

    def __post_init__(self) -> None:
        for field in ('epochs', 'batch_size', 'eval_batch_size', 'sequence_length'):
            if getattr(self, field) < 1:
                raise InputError(f'child.{field} is {getattr(self, field)}; it must be at least 1')
        for field in (
            *('learning_rate', 'weight_decay', 'clip_norm', 'activation_penalty', 'slowness_penalty'),
            'averaging_patience',
        ):
            if not getattr(self, field) >= 0:
                raise InputError(f'child.{field} is {getattr(self, field)}; it must not be negative')
        if self.score not in SCORES:
            raise InputError(f'child.score is {self.score!r}; it is one of {", ".join(SCORES)}')
