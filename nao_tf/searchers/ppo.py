"""Proximal policy optimisation on the LSTM controller (NASNet's searcher, Zoph et al. 2018)."""

from __future__ import annotations

from nao_tf.searchers.policy_searcher import PolicySearcher
from nao_tf.spaces.base import SearchSpace


class PPO(PolicySearcher):
    """The policy of `Reinforce` with the clipped objective and several epochs on each batch.

    Zoph et al. 2018, "Learning Transferable Architectures for Scalable Image Recognition", trains its controller
    (one LSTM layer of 100 units, from memory) by PPO, Schulman et al. 2017, Eq. 7:
    max mean min(r A, clip(r, 1 - epsilon, 1 + epsilon) A), r the ratio of a token's probability now and when it was
    drawn, A = R - b with b an exponential moving average (decay .95, from memory). Its batch of 20 children,
    learning rate 3.5e-4 and entropy weight 1e-5 (from memory) are for 20,000 children; here they are for some
    hundreds. epsilon = .2 and 4 epochs are Schulman's, from memory.

    Args:
        space: what is searched.
        layers: LSTM layers.
        hidden: units of each.
        batch: drawn cells of one update, and the size of a round.
        learning_rate: of Adam.
        baseline_decay: of the moving average of the scores.
        entropy: weight of the policy's entropy, in standard deviations of the score for each nat.
        initial_scale: every weight starts uniform in [-initial_scale, initial_scale].
        epochs: gradient steps on one batch.
        clip: epsilon.
        max_draws: cells drawn for each proposal before it is filled otherwise.
        seed: of every draw and of the weights.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        layers: int = 1,
        hidden: int = 100,
        batch: int = 5,
        learning_rate: float = 0.003,
        baseline_decay: float = 0.95,
        entropy: float = 1e-5,
        initial_scale: float = 0.08,
        epochs: int = 4,
        clip: float = 0.2,
        max_draws: int = 50,
        seed: int = 0,
    ):
        super().__init__(
            space,
            layers=layers,
            hidden=hidden,
            batch=batch,
            learning_rate=learning_rate,
            baseline_decay=baseline_decay,
            entropy=entropy,
            initial_scale=initial_scale,
            epochs=epochs,
            clip=clip,
            max_draws=max_draws,
            seed=seed,
        )
