"""ControllerConfig: every choice on which the paper and its authors' code differ, and how training runs."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from nao_tf.errors import InputError

STEPS = 32  # training steps of one compiled call

CHOICES = {
    'encoder_step': ('token', 'branch'),
    'structure': ('tokens', 'graph'),
    'head': ('linear', 'sigmoid'),
    'scores': ('raw', 'min_max', 'z_score', 'rank'),
    'reconstruction': ('sum', 'mean'),
    'attention': ('additive', 'dot', 'aligned'),
    'decoder_start': ('last', 'mean', 'zero'),
    'readout': ('state_context', 'state'),
    'symmetry': ('none', 'doubled', 'online', 'isomorphic'),
    'schedule': ('constant', 'cosine'),
    'start': ('cold', 'warm'),
    'posterior': ('none', 'process'),
    'step_unit': ('gradient', 'length'),
}
POSITIVE = (
    'embedding', 'hidden', 'batch', 'decoder_interval', 'clip_norm', 'step_first', 'step_increment', 'max_steps',
    'candidates', 'epochs', 'learning_rate', 'patience', 'points', 'growth',
)  # fmt: skip
FRACTIONS = ('trade_off', 'unevaluated')
PARTS = ('encoder_dropout', 'predictor_dropout', 'held_out')  # of the whole, nothing would be left

# Fields that only the host reads: configs that differ in nothing else share a compile.
HOST_FIELDS = (
    'scores', 'symmetry', 'initial', 'recurrent_scale', 'epochs', 'least_steps', 'learning_rate', 'schedule',
    'patience', 'held_out', 'start', 'step_first', 'step_increment', 'step_states', 'step_pool', 'candidates',
    'max_steps', 'unevaluated', 'growth', 'posterior', 'points', 'optimism', 'impatience', 'step_unit', 'step_noise',
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ControllerConfig:
    """Sizes, losses, training and step rule of encoder, predictor and decoder (sections 3.2 and 3.3).

    The decoder's distribution is masked to the valid tokens V_r in training and in decoding under every config;
    there is no field that lifts it. `nao_tf.controller.presets` has the presets.

    Args:
        encoder_step: one LSTM step a `token` (S = T), or one a `branch` whose tokens' embeddings are joined.
        structure: the encoder sees the `tokens` alone (the paper), or the `graph` that they write (`GraphEncoder`,
            a step a branch).
        embedding: width of the encoder's token embedding.
        hidden: D, hidden size of the encoder's and the decoder's LSTM.
        predictor_hidden: widths of the predictor's ReLU layers; empty for one linear layer.
        head: `linear`, or `sigmoid` (only sensible with `min_max` scores).
        scores: what f is fitted to: the `raw` scores, or scores of mean 0 and deviation 1 (`z_score`), or scores in
            [0, 1] (`min_max`), or the normal quantiles of their ranks (`rank`).
        reconstruction: L_rec `sum`med over the T tokens (Eq. 1), or their `mean`.
        trade_off: lambda of Eq. (1).
        batch: B, architectures in a training step.
        decoder_interval: L_rec joins the loss at every such step, that many times as heavy; 1 for every step.
        weight_decay: factor of half the sum of squares of the encoder's and predictor's weights, added to the loss.
        recurrent_decay: the same for the encoder's recurrent kernel.
        decoder_decay: the same for the decoder's weights.
        clip_norm: bound on the global norm of the gradient.
        encoder_dropout: rate on the encoder's input embeddings.
        predictor_dropout: rate on the predictor's hidden layers.
        attention: score of a state and an encoder state: `additive` (Bahdanau) bilinear `dot`, or
            `aligned`, which is `dot` with a trained prior that starts on the state a token is written in.
        decoder_start: initial state of the decoder: h_T (`last`, the paper), the unit `mean` of the states, or
            `zero`: then the embedding is read through attention alone, and a step of Eq. (2) cannot derail it.
        readout: token logits from [s_r, ctx_r] (`state_context`), or from s_r alone (`state`), the context being
            part of the next step's input.
        symmetry: symmetric copies of the training cells: `none`, each cell `doubled` once (the paper), or drawn
            anew (`online`) whenever a cell is used; every node may be swapped. `isomorphic` draws a numbering of
            the nodes anew as well. `doubled` and `online` are the paper's exchange of a node's two branches, and do
            nothing in a space whose nodes have none, such as NAS-Bench-101 and NAS-Bench-201.
        renormalise_mean: scale the mean state to unit length before the predictor.
        renormalise_step: scale h' to unit length after the step of Eq. (2).
        initial: weights start uniform in +-`initial`; 0 stands for Glorot-uniform kernels and orthogonal
            recurrent kernels.
        recurrent_scale: factor of the encoder's recurrent kernel at the start.
        forget_bias: of the encoder's LSTM.
        epochs: upper bound on passes over the training set.
        least_steps: where `epochs` come to fewer steps than this, so many are made (few architectures); half as many
            train the encoder without scores that a posterior may stand on.
        learning_rate: of Adam.
        schedule: learning rate `constant`, or a half `cosine` to zero over all steps.
        patience: epochs without a better held-out pairwise accuracy before training stops.
        held_out: share of the architectures (whole classes of isomorphic cells) kept for early stopping.
        unevaluated: share of the rows of a batch with L_rec that are architectures drawn from the space, which have
            no score and cost nothing; they take part in L_rec alone.
        start: every fit from new weights (`cold`) or from the last fit's (`warm`).
        growth: a searcher trains the controller again when the pool has grown by this factor, and in between only
            conditions the posterior on the new scores; 1 for a training in every round (Alg. 1).
        posterior: f after the training: the trained predictor (`none`), or a Gaussian `process` on the embeddings,
            conditioned on all scores (`nao_tf.controller.process`).
        points: evaluated architectures that the process is conditioned on at the most.
        optimism: the process climbs mean + optimism * deviation.
        impatience: what is added to `optimism` for every round since the best score.
        step_unit: eta in units of the `gradient` (Eq. 2), or of `length`: the gradient at every state is scaled to
            length 1, so that eta does not depend on how steep f is.
        step_noise: length of a random vector that is added to every direction, beside a gradient of length 1; only
            where the tries are drawn (`Controller.ascend` with `rng`).
        step_first: eta of the first step of Eq. (2).
        step_increment: growth of eta while the decoded cell is not new.
        step_states: how many of the S states a try moves; 0 for all of them (Eq. 2 as printed). Where the tries are
            drawn, so is their number, from 1 to this (with 0, to S).
        step_pool: these are taken from so many that point least along the gradient, another set at every try.
        candidates: tries for each architecture that is wanted (rounded up), of which the best predicted new ones are
            taken; 1 for the first new ones.
        max_steps: step sizes that are tried before a seed architecture is given up.

    Raises:
        InputError: naming the field, the value and what would be right.
    """

    encoder_step: str
    structure: str
    embedding: int
    hidden: int
    predictor_hidden: tuple[int, ...]
    head: str
    scores: str
    reconstruction: str
    trade_off: float
    batch: int
    decoder_interval: int
    weight_decay: float
    recurrent_decay: float
    decoder_decay: float
    clip_norm: float
    encoder_dropout: float
    predictor_dropout: float
    attention: str
    decoder_start: str
    readout: str
    symmetry: str
    renormalise_mean: bool
    renormalise_step: bool
    initial: float
    recurrent_scale: float
    forget_bias: float
    epochs: int
    least_steps: int
    learning_rate: float
    schedule: str
    patience: int
    held_out: float
    unevaluated: float
    start: str
    growth: float
    posterior: str
    points: int
    optimism: float
    impatience: float
    step_unit: str
    step_noise: float
    step_first: float
    step_increment: float
    step_states: int
    step_pool: int
    candidates: float
    max_steps: int

    def __post_init__(self):
        object.__setattr__(self, 'predictor_hidden', tuple(int(width) for width in self.predictor_hidden))
        for field, choices in CHOICES.items():
            if getattr(self, field) not in choices:
                self._refuse(field, f'one of {", ".join(choices)}')
        for field in POSITIVE:
            if not getattr(self, field) > 0 or not math.isfinite(getattr(self, field)):
                self._refuse(field, 'a number above 0')
        for field in FRACTIONS:
            if not 0 <= getattr(self, field) <= 1:
                self._refuse(field, 'a number between 0 and 1')
        for field in PARTS:
            if not 0 <= getattr(self, field) < 1:
                self._refuse(field, 'a number from 0 to below 1')
        for field in (
            'weight_decay',
            'recurrent_decay',
            'decoder_decay',
            'initial',
            'recurrent_scale',
            'step_states',
            'step_pool',
            'optimism',
            'impatience',
            'step_noise',
        ):
            if not getattr(self, field) >= 0:
                self._refuse(field, '0 or a number above it')
        if STEPS % self.decoder_interval:
            self._refuse('decoder_interval', f'a divisor of {STEPS}')
        if self.growth < 1:
            self._refuse('growth', '1 or a number above it')
        if self.growth > 1 and (self.posterior == 'none' or self.start == 'warm'):
            self._refuse('growth', "1 with posterior='none' or start='warm'")
        if self.candidates < 1:
            self._refuse('candidates', '1 or a number above it')
        if any(width < 1 for width in self.predictor_hidden):
            self._refuse('predictor_hidden', 'widths of 1 or more')
        if self.structure == 'graph' and self.encoder_step != 'branch':
            self._refuse('structure', "tokens with encoder_step='token'")
        if self.head == 'sigmoid' and self.scores != 'min_max':
            self._refuse('head', f'linear with scores={self.scores!r}: a sigmoid only reaches scores in [0, 1]')

    def _refuse(self, field: str, right: str) -> None:
        raise InputError(f'controller.{field} = {getattr(self, field)!r} is wrong; it must be {right}')

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as JSON types."""
        return {**dataclasses.asdict(self), 'predictor_hidden': list(self.predictor_hidden)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ControllerConfig:
        """Reads what `to_json` wrote.

        Raises:
            InputError: if a field is missing, unknown or wrong.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        if set(value) != fields:
            odd = sorted(set(value) ^ fields)
            raise InputError(
                f'controller config: {", ".join(odd)} missing or unknown; fields: {", ".join(sorted(fields))}'
            )
        return cls(**value)
