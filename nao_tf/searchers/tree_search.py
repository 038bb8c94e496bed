"""Monte-Carlo tree search with a value network (AlphaX)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.searchers.action_tree import ActionTree
from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.scaling import quantiles
from nao_tf.searchers.value_network import ValueNetwork
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

EVALUATED = ('best', 'random')


@dataclasses.dataclass(frozen=True)
class Rollout:
    """One simulation.

    Args:
        prefix: tokens of the state that it began at.
        architecture: the end whose score is, or will be, observed.
        predicted: mean predicted value of the other ends, None where nothing was predicted.
    """

    prefix: tuple[int, ...]
    architecture: Architecture
    predicted: float | None


class TreeSearch(Searcher):
    """Monte-Carlo tree search over the tokens, whose rollouts are partly predicted.

    "AlphaX: eXploring Neural Architectures with Deep Neural Networks and Monte Carlo Tree Search" (Wang et al.),
    from memory, from its repository's README and from the comparison in the LaNAS paper, by its steps: selection by
    UCT; expansion by one action that was never tried; simulation: of the random ends of the new state one is
    evaluated and k are predicted by the value network (Meta-DNN), the value is the mean of the score and of the mean
    prediction; back-propagation of it; the network is fitted anew every `refit` evaluations. An action is a token,
    and the masks of the space say which may follow.

    Differences from the paper:
    - Values are the share of the pool that a score is better than (`scaling.quantiles`), as they are at the time of
      the proposal; with raw accuracies Cp would depend on their unit and on how badly the worst failed.
    - The value network is a mean of perceptrons on `space.features`, 2 hidden layers of 64, instead of one
      56-512-2048-2048-512-1: the same fit of 500 cells takes a fraction of a second.
    - A rollout that ends in a known cell is worth the stored score alone; it costs nothing, and another is made.
      Branches of which every end has been reached are not entered again.
    - While a proposal is not observed, its rollout is worth its prediction (or the mean of the tree).
    - Cells that were observed without having been proposed enter the tree along their tokens.
    - With `evaluate='best'` not a random one of the k + 1 ends is evaluated, but the one that is predicted best, and
      the value is the mean of its score and of the mean prediction of the others; 'random' is the paper's.

    Args:
        space: what is searched.
        batch: proposals of a round (1 in the paper's sequential form).
        exploration: Cp (the paper: 2, of raw accuracies).
        predictions: k (1 in LaNAS's comparison).
        evaluate: `best` or `random`.
        refit: evaluations between two fits (the paper: 100).
        members: perceptrons of the value network (of this package).
        epochs: passes over the cells in a fit (the paper: 20 of a far larger network).
        max_draws: rollouts for each proposal before it is filled otherwise.
        seed: of every draw and of the network's weights.

    Raises:
        InputError: if a setting is out of range.
    """

    state_in_propose = True

    def __init__(
        self,
        space: SearchSpace,
        *,
        batch: int = 10,
        exploration: float = 0.1,
        predictions: int = 10,
        evaluate: str = 'best',
        refit: int = 20,
        members: int = 1,
        epochs: int = 60,
        max_draws: int = 100,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        check_at_least(1, batch=batch, refit=refit, members=members, epochs=epochs, max_draws=max_draws)
        check_at_least(0, exploration=exploration, predictions=predictions)
        if evaluate not in EVALUATED:
            raise InputError(f'the setting evaluate is {evaluate!r}; it is {" or ".join(EVALUATED)}')
        self.batch = batch
        self.exploration = exploration
        self.predictions = predictions
        self.evaluate = evaluate
        self.refit = refit
        self.members = members
        self.epochs = epochs
        self.max_draws = max_draws
        self.rollouts: list[Rollout] = []
        self._network: ValueNetwork | None = None
        self._fitted = 0  # evaluations that the network was fitted to

    @property
    def round_size(self) -> int:
        """`batch`."""
        return self.batch

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class and the rollouts, which make the tree; the network is fitted again."""
        rollouts = [
            [list(rollout.prefix), list(rollout.architecture.tokens), rollout.predicted] for rollout in self.rollouts
        ]
        return {**super().state_dict(), 'rollouts': rollouts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.
        """
        super().load_state_dict(state)
        self.rollouts = [
            Rollout(tuple(prefix), Architecture(self.space.name, tuple(tokens)), predicted)
            for prefix, tokens, predicted in state['rollouts']
        ]
        self._network, self._fitted = None, 0

    def _propose(self, count: int) -> list[Proposal]:
        self._fit()
        taken: set[Architecture] = set()
        proposals: list[Proposal] = []
        tree, values = self._tree()
        rng = self.rng()
        current = 1 + len(self.evaluations) // self.batch
        while len(proposals) < count:
            before = len(self.rollouts)
            proposal = self._simulate(tree, values, taken, rng, current)
            if proposal is None:
                # What a search for a new cell has drawn in vain is forgotten: `adopt` may not ask for as many.
                del self.rollouts[before:]
                break
            proposals.append(proposal)
        missing = count - len(proposals)
        if self.evaluations:
            proposals += self.mutation_proposals(missing, self.best(self.batch), taken, round_number=current)
        proposals += self.random_proposals(count - len(proposals), taken, round_number=current)
        return proposals

    def _fit(self) -> None:
        """Fits the network to the first evaluations, as many as are a multiple of `refit`."""
        count = len(self.evaluations) // self.refit * self.refit
        if count in (0, self._fitted):
            return
        architectures, scores = self.pool(count)
        self._network = ValueNetwork(
            self.space, hidden=(64, 64), members=self.members, epochs=self.epochs, seed=self.seed + count
        )
        self._network.fit(architectures, quantiles(scores))
        self._fitted = count

    def _tree(self) -> tuple[ActionTree, dict[Architecture, float]]:
        """Returns the tree of all rollouts, and the value of every observed cell, both by the pool as it is now."""
        architectures, scores = self.pool()
        shares = quantiles(scores).tolist() if len(scores) else []
        values = dict(zip(architectures, shares, strict=True))
        tree = ActionTree(self.space)
        for rollout in self.rollouts:
            tree.add(rollout.prefix, self._value(tree, rollout, values))
        own = {rollout.architecture for rollout in self.rollouts}
        for architecture, value in values.items():
            if architecture not in own:
                tree.add(tree.expansion(architecture.tokens), value)
        return tree, values

    @staticmethod
    def _value(tree: ActionTree, rollout: Rollout, values: Mapping[Architecture, float]) -> float:
        """Returns what a rollout is worth: the mean of the observed and the predicted value, or the one there is."""
        parts = [values.get(rollout.architecture), rollout.predicted]
        found = [part for part in parts if part is not None]
        if found:
            return sum(found) / len(found)
        return tree.root.total / tree.root.visits if tree.root.visits else 0.5

    def _simulate(
        self,
        tree: ActionTree,
        values: Mapping[Architecture, float],
        taken: set[Architecture],
        rng: np.random.Generator,
        current: int,
    ) -> Proposal | None:
        """Makes rollouts until one ends in a new cell, which is added to `taken`; None if none does."""
        for _ in range(self.max_draws):
            if tree.root.closed:
                break
            prefix = tree.select(self.exploration, rng)
            ends = [tree.complete(prefix, rng) for _ in range(self.predictions + 1)]
            new = [end for end in ends if end not in self.known and end not in taken]
            if not new:
                self.duplicates += 1
                rollout = Rollout(prefix, ends[0], None)
                self.rollouts.append(rollout)
                tree.add(prefix, self._value(tree, rollout, values))
                continue
            rollout = Rollout(prefix, *self._choose(ends, new))
            self.rollouts.append(rollout)
            tree.add(prefix, self._value(tree, rollout, values))
            taken.add(rollout.architecture)
            return Proposal(rollout.architecture, 'rollout', current)
        return None

    def _choose(self, ends: Sequence[Architecture], new: Sequence[Architecture]) -> tuple[Architecture, float | None]:
        """Returns the end to evaluate and the mean predicted value of the others."""
        if self._network is None or not self.predictions:
            return new[0], None
        predictions = np.clip(self._network.predict(ends), 0, 1)
        self.candidates += len(ends)
        fresh = set(new)
        indices = [index for index, end in enumerate(ends) if end in fresh]
        index = max(indices, key=lambda index: predictions[index]) if self.evaluate == 'best' else indices[0]
        return ends[index], float(np.delete(predictions, index).mean())
