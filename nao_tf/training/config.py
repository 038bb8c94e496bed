"""TrainConfig: the recipe by which one network is trained."""

from __future__ import annotations

import dataclasses

from nao_tf.errors import InputError

SCORES = ('best', 'last')
BATCH_NORMS = ('synchronized', 'local')


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How long and by what rule a network is trained; the defaults are the paper's search children.

    Args:
        epochs: passes over the training split (25 in the search, section 4.1).
        batch_size: images in one step.
        learning_rate: at the first step.
        final_learning_rate: at the end of the cosine period.
        schedule_epochs: length of the cosine period; 0 means `epochs`. The released search uses 100 for its 25
            epochs, so that its rate barely falls.
        epoch_decay: factor of the rate after every epoch, in place of the cosine (0.97 in the released training on
            ImageNet); 0 means the cosine.
        momentum: of SGD.
        nesterov: whether the momentum looks ahead.
        weight_decay: times half the sum of squares of every trainable weight, added to the loss.
        clip_norm: bound of the gradient's global norm; 0 means none.
        auxiliary_weight: weight of the auxiliary head's loss, where the network has that head.
        label_smoothing: share of the label spread over all classes.
        batch_norm: `synchronized` takes the moments of the batch of all devices together, so that their number does
            not change the result but for rounding; `local` those of each device's part, which costs no exchange. On
            one device they are the same (docs/scaling.md).
        score: `best` takes the best epoch's validation score (the released code), `last` the last epoch's.
        patience: epochs without a better validation score after which the training ends; 0 never ends it early.

    Raises:
        InputError: if a value is out of its range.
    """

    epochs: int = 25
    batch_size: int = 128
    learning_rate: float = 0.024
    final_learning_rate: float = 0.0
    schedule_epochs: int = 0
    epoch_decay: float = 0.0
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 5e-4
    clip_norm: float = 5.0
    auxiliary_weight: float = 0.4
    label_smoothing: float = 0.0
    batch_norm: str = 'synchronized'
    score: str = 'best'
    patience: int = 0

    def __post_init__(self):
        for field, least in (('epochs', 1), ('batch_size', 1), ('schedule_epochs', 0), ('patience', 0)):
            if getattr(self, field) < least:
                raise InputError(f'child.{field} is {getattr(self, field)}; it must be at least {least}')
        for field in ('learning_rate', 'final_learning_rate', 'weight_decay', 'clip_norm', 'auxiliary_weight'):
            if not getattr(self, field) >= 0:
                raise InputError(f'child.{field} is {getattr(self, field)}; it must not be negative')
        for field in ('momentum', 'label_smoothing', 'epoch_decay'):
            if not 0 <= getattr(self, field) < 1:
                raise InputError(f'child.{field} is {getattr(self, field)}; it must lie in [0, 1)')
        for field, choices in (('score', SCORES), ('batch_norm', BATCH_NORMS)):
            if getattr(self, field) not in choices:
                raise InputError(f'child.{field} is {getattr(self, field)!r}; it is one of {", ".join(choices)}')
        if self.epoch_decay and (self.schedule_epochs or self.final_learning_rate):
            raise InputError(
                f'child.epoch_decay is {self.epoch_decay}, which takes the place of the cosine, but '
                f'child.schedule_epochs is {self.schedule_epochs} and child.final_learning_rate '
                f'{self.final_learning_rate}; set both to 0'
            )
        if self.patience and self.score != 'best':
            raise InputError(
                f"child.patience is {self.patience}, but child.score is 'last': only the best epoch can be waited for; "
                "set child.score to 'best', or patience to 0"
            )
