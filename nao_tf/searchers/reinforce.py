"""REINFORCE with an LSTM controller and a moving-average baseline (Zoph & Le 2017)."""

from __future__ import annotations

from nao_tf.searchers.policy_searcher import PolicySearcher
from nao_tf.spaces.base import SearchSpace


class Reinforce(PolicySearcher):
    """Policy gradient with an LSTM controller and a moving-average baseline.

    Zoph & Le 2017, "Neural Architecture Search with Reinforcement Learning", section 3.2:
    theta += mean_k sum_t grad log P(a_t | a_<t; theta) (R_k - b), b the exponential moving average of the rewards.
    Of the paper: two LSTM layers, Adam, weights that start uniform in [-0.08, 0.08]. Its reward (accuracy cubed),
    its 35 units and its learning rate 6e-4 are for 12,800 children; here the reward is the score, and the units
    (chosen on the development spaces), the learning rate, the batch and the decay of the baseline (.9 as in tabular
    REINFORCE) are for some hundreds.

    Args:
        space: what is searched.
        layers: LSTM layers.
        hidden: units of each.
        batch: drawn cells of one update, and the size of a round.
        learning_rate: of Adam.
        baseline_decay: of the moving average of the scores.
        entropy: weight of the policy's entropy, in standard deviations of the score for each nat; 0 in the paper.
        initial_scale: every weight starts uniform in [-initial_scale, initial_scale].
        max_draws: cells drawn for each proposal before it is filled otherwise.
        logit_bound: c of c tanh(logits / temperature) (1.10 in ENAS, 2.5 for its recurrent cells); 0 for none.
        temperature: of bounded logits (5 for the recurrent cells of ENAS).
        seed: of every draw and of the weights.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        layers: int = 2,
        hidden: int = 100,
        batch: int = 10,
        learning_rate: float = 0.01,
        baseline_decay: float = 0.9,
        entropy: float = 0.0,
        initial_scale: float = 0.08,
        max_draws: int = 50,
        logit_bound: float = 0.0,
        temperature: float = 1.0,
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
            epochs=1,
            clip=0.0,
            max_draws=max_draws,
            logit_bound=logit_bound,
            temperature=temperature,
            seed=seed,
        )
