"""PolicySearcher: an LSTM policy that draws cells and follows the gradient of their score; of REINFORCE and PPO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Episode(NamedTuple):
    """A sequence that the policy drew: tokens [T], its canonical form, and log P of each token then [T]."""

    tokens: np.ndarray
    architecture: Architecture
    before: np.ndarray


class PolicySearcher(Searcher):
    """Draws cells from an LSTM policy and follows the gradient of their expected score.

    A cell that is drawn again gives its stored score to the gradient and costs nothing. As soon as `batch` drawn
    cells have scores the policy is updated with them, oldest first. After `max_draws` draws for each proposal
    mutations of the best cells and then uniform draws take the place of the policy's; those are not learned from,
    because the policy did not choose them.

    Scores of different tasks differ in scale, so an advantage is divided by the standard deviation of all observed
    scores: an addition of this package, which Adam makes matter to the weight of the entropy only.

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
        clip: epsilon of PPO's clipped objective; 0 for the plain policy gradient.
        max_draws: cells drawn for each proposal before it is filled otherwise.
        logit_bound: c of c tanh(logits / temperature) (1.10 in ENAS, 2.5 for its recurrent cells); 0 for none.
        temperature: of bounded logits (5 for the recurrent cells of ENAS).
        seed: of every draw and of the weights.

    Raises:
        InputError: if a setting is out of range.
    """

    state_in_propose = True

    def __init__(
        self,
        space: SearchSpace,
        *,
        layers: int,
        hidden: int,
        batch: int,
        learning_rate: float,
        baseline_decay: float,
        entropy: float,
        initial_scale: float,
        epochs: int,
        clip: float,
        max_draws: int,
        logit_bound: float = 0.0,
        temperature: float = 1.0,
        seed: int = 0,
    ):
        # TensorFlow is not loaded for the settings alone.
        from nao_tf.searchers.policy import PolicyConfig, Weights, policy

        super().__init__(space, seed=seed)
        check_at_least(1, layers=layers, hidden=hidden, batch=batch, epochs=epochs, max_draws=max_draws)
        check_at_least(0, learning_rate=learning_rate, baseline_decay=baseline_decay, entropy=entropy, clip=clip)
        check_at_least(0, logit_bound=logit_bound)
        check_at_least(1e-6, temperature=temperature)
        self.batch = batch
        self.learning_rate = learning_rate
        self.baseline_decay = baseline_decay
        self.entropy = entropy
        self.max_draws = max_draws
        self.policy = policy(space, PolicyConfig(layers, hidden, batch, epochs, clip, logit_bound, temperature))
        self._weights_of = Weights
        self.weights = self.policy.initial(np.random.default_rng([seed, 0]), initial_scale)
        self.updates = 0
        self.baseline: float | None = None
        self.pending: list[Episode] = []  # drawn, in the order of the draws, and not learned from yet

    @property
    def round_size(self) -> int:
        """Cells of one update."""
        return self.batch

    def observe(self, evaluations: Sequence[Evaluation]) -> None:
        """Updates the policy with every full batch of drawn cells that have scores.

        Args:
            evaluations: of canonical architectures; a failed one counts as the worst score of the pool.
        """
        super().observe(evaluations)
        while self._learn():
            pass

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class, the weights with Adam's moments, the baseline and open episodes."""
        return {
            **super().state_dict(),
            **self.model_state(),
            'pending': [[episode.tokens.tolist(), episode.before.tolist()] for episode in self.pending],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.
        """
        super().load_state_dict(state)
        self.load_model_state(state)
        self.pending = [
            self._episode(np.asarray(tokens), np.asarray(before, np.float32)) for tokens, before in state['pending']
        ]

    def model_state(self) -> dict[str, Any]:
        """Returns the policy's weights with Adam's moments, and the baseline."""
        return {
            'weights': [vector.tolist() for vector in self.weights],
            'updates': self.updates,
            'baseline': self.baseline,
        }

    def load_model_state(self, state: Mapping[str, Any]) -> None:
        """Takes over the policy of an earlier searcher.

        Args:
            state: from `model_state`.
        """
        if state:
            self.weights = self._weights_of(*(np.asarray(vector, np.float32) for vector in state['weights']))
            self.updates = int(state['updates'])
            self.baseline = state['baseline']

    def draw(self, rng: np.random.Generator) -> list[Architecture]:
        """Returns `batch` cells that the policy draws, known ones among them; nothing is learned from them.

        Args:
            rng: of the draws.
        """
        tokens, before = self.policy.sample(self.weights, rng)
        return [self._episode(*row).architecture for row in zip(tokens, before, strict=True)]

    def _episode(self, tokens: np.ndarray, before: np.ndarray) -> Episode:
        drawn = Architecture(self.space.name, tuple(tokens.tolist()))
        return Episode(tokens, self.space.canonical(drawn), before)

    def _propose(self, count: int) -> list[Proposal]:
        proposals: list[Proposal] = []
        taken: set[Architecture] = set()
        draws = 0
        while len(proposals) < count and draws < count * self.max_draws:
            for tokens, before in zip(*self.policy.sample(self.weights, self.rng()), strict=True):
                draws += 1
                episode = self._episode(tokens, before)
                if not self.space.admits(episode.architecture):  # it never has a score to learn from
                    self.duplicates += 1
                    continue
                self.pending.append(episode)
                if episode.architecture in self.known or episode.architecture in taken:
                    self.duplicates += 1
                    if self._learn():
                        break  # the rest of the draws came from the weights before
                    continue
                taken.add(episode.architecture)
                proposals.append(Proposal(episode.architecture, 'policy', self.updates))
                if len(proposals) == count:
                    break
        if len(proposals) < count and self.evaluations:
            proposals += self.mutation_proposals(
                count - len(proposals), self.best(self.batch), taken, round_number=self.updates
            )
        proposals += self.random_proposals(count - len(proposals), taken, round_number=self.updates)
        return proposals

    def _learn(self) -> bool:
        """Updates the policy if a batch of open episodes has scores; returns whether it did."""
        ready: list[tuple[Episode, float]] = []
        rest: list[Episode] = []
        for episode in self.pending:
            score = self.score(episode.architecture)
            if score is None or len(ready) == self.batch:
                rest.append(episode)
            else:
                ready.append((episode, score))
        if len(ready) < self.batch:
            return False
        self.pending = rest
        scores = np.array([score for _, score in ready])
        if self.baseline is None:
            self.baseline = float(scores.mean())
        spread = float(self.pool()[1].std()) or 1.0
        self.weights = self.policy.update(
            self.weights,
            np.stack([episode.tokens for episode, _ in ready]),
            (scores - self.baseline) / spread,
            np.stack([episode.before for episode, _ in ready]),
            rate=self.learning_rate,
            entropy=self.entropy,
            steps=self.updates * self.policy.config.epochs,
        )
        self.updates += 1
        decay = self.baseline_decay
        for score in scores:
            self.baseline = decay * self.baseline + (1 - decay) * float(score)
        return True
