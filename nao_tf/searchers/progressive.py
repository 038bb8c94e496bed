"""Progressive search: a beam of cells that grow node by node under a surrogate (PNAS)."""

from __future__ import annotations

import functools
import itertools

from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.value_network import ValueNetwork
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Progressive(Searcher):
    """Evaluates all smallest cells, then again and again the most promising ones that are one size larger.

    "Progressive Neural Architecture Search" (Liu et al. 2018), Algorithm 1 by its steps: all cells of one block are
    trained; the predictor is fitted to everything that was trained; every cell of the beam is expanded by all
    possible blocks; the K that are predicted best are trained and are the next beam; the predictor is fitted again;
    so on up to B blocks. Here the space says what growing is (`stages`, `stage`, `extensions`, `extend` of
    `SearchSpace`): `pnas_cnn` grows by nodes. What is left of the budget after stage B goes on with stage B: the
    extensions of the beam of stage B - 1 that are predicted best now. Where no cell of the size before can grow
    (NAS-Bench-101 has a limit of edges), mutations of the best cells fill the round.

    The surrogate is PNAS's second form, a set-of-tokens perceptron: the tokens of the blocks are embedded and averaged
    (`GrowingCellSpace.features`, a linear layer on which is that embedding), so that it reads cells of any size;
    one hidden layer of 100; an ensemble of 5 of which each leaves out another fifth of the cells (all these
    from memory of the paper). It is fitted from scratch with the squared error; the paper trains with the L1 loss
    at .01 in the first stage and goes on at .002 in the later ones (from memory).

    The paper predicts all extensions of the beam, some 10^5 a stage. In mode `generate` a model may score 20 cells for
    each that is evaluated: that many extensions are drawn, beam cells taking turns. `extensions=0` takes them all, as
    the paper does; the searcher is then of mode `enumerate`.

    Args:
        space: what is searched; it has growth.
        beam: K (256; with 136 cells of one block and B = 5, 1,160 evaluations).
        extensions: extensions that are scored for each evaluation; 0 for all there are.
        members: predictors of the ensemble (5).
        hidden: units of their hidden layer (100).
        epochs: passes over the cells in a fit (of this package).
        max_draws: draws of an extension for each that is to be scored.
        seed: of every draw and of the predictors' weights.

    Raises:
        InputError: if the space has no growth, or a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        beam: int = 256,
        extensions: int = 20,
        members: int = 5,
        hidden: int = 100,
        epochs: int = 100,
        max_draws: int = 5,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        self.stages = space.stages
        check_at_least(1, beam=beam, members=members, hidden=hidden, epochs=epochs, max_draws=max_draws)
        check_at_least(0, extensions=extensions)
        if not extensions:
            self.mode = 'enumerate'  # type: ignore[misc]
        self.beam = beam
        self.extensions = extensions
        self.members = members
        self.hidden = hidden
        self.epochs = epochs
        self.max_draws = max_draws

    @functools.cached_property
    def smallest(self) -> tuple[Architecture, ...]:
        """All cells of stage 1."""
        return tuple(self.space.extensions(None))

    @property
    def round_size(self) -> int:
        """What is left of the stage; the last stage has rounds of `beam` for ever."""
        stage, missing = self._position()
        return missing if stage == 1 else min(missing, self.beam)

    def _position(self) -> tuple[int, int]:
        """Returns the stage that is evaluated next, and how many of its cells are missing."""
        counts = [0] * (self.stages + 1)
        for architecture in self.known:
            counts[self.space.stage(architecture)] += 1
        if counts[1] < len(self.smallest):
            return 1, len(self.smallest) - counts[1]
        for stage in range(2, self.stages + 1):
            # A stage with fewer cells than the beam is wide ends when a larger one has begun.
            if counts[stage] < self.beam and not any(counts[stage + 1 :]):
                return stage, self.beam - counts[stage]
        return self.stages, self.beam - counts[self.stages] % self.beam

    def _propose(self, count: int) -> list[Proposal]:
        taken: set[Architecture] = set()
        stage, _ = self._position()
        proposals: list[Proposal] = []
        if stage == 1:
            left = [cell for cell in self.smallest if cell not in self.known]
            order = self.rng().permutation(len(left))[:count]
            proposals = [Proposal(left[index], 'smallest') for index in order]
            taken.update(proposal.architecture for proposal in proposals)
            if proposals:
                return proposals
        for size in range(max(stage, 2), self.stages + 1) if self.evaluations else ():
            proposals = self._grow(count, size, taken)
            if proposals:
                break
        if self.evaluations:
            best = self.best(self.beam)
            proposals += self.mutation_proposals(count - len(proposals), best, taken, round_number=stage - 1)
        proposals += self.random_proposals(count - len(proposals), taken, round_number=stage - 1)
        return proposals

    def _grow(self, count: int, stage: int, taken: set[Architecture]) -> list[Proposal]:
        """Returns the extensions to a stage that are predicted best; [] if there are no new ones.

        Args:
            count: how many at the most.
            stage: of the proposals, 2 or more.
            taken: the proposed ones are added.
        """
        parents = [cell for cell in self.best(len(self.evaluations)) if self.space.stage(cell) == stage - 1][
            : self.beam
        ]
        candidates = self._candidates(parents, count)
        if not candidates:
            return []
        network = ValueNetwork(
            self.space, hidden=(self.hidden,), members=self.members, epochs=self.epochs, seed=self.seed + self.draws
        )
        network.fit(*self.pool())
        cells = list(candidates)
        predictions = network.predict(cells)
        self.candidates += len(cells)
        order = (-predictions).argsort(kind='stable')[:count]
        proposals = [
            Proposal(cells[index], 'growth', stage - 1, float(predictions[index]), candidates[cells[index]])
            for index in order
        ]
        taken.update(proposal.architecture for proposal in proposals)
        return proposals

    def _candidates(self, parents: list[Architecture], count: int) -> dict[Architecture, Architecture]:
        """Returns new extensions and the cell that each grew from, in an order that the draws decide.

        Args:
            parents: observed cells of one size, the best first; the beam is the first K that can grow (a cell of
                NAS-Bench-101 that has all its edges cannot).
            count: proposals that are wanted.
        """
        rng = self.rng()
        found: dict[Architecture, Architecture] = {}
        growing = (parent for parent in parents if self.space.extend(parent, rng) is not None)
        parents = list(itertools.islice(growing, self.beam))
        if not parents:
            return found
        if not self.extensions:
            for parent in parents:
                for grown in self.space.extensions(parent):
                    if grown not in self.known:
                        found.setdefault(grown, parent)
            return found
        wanted = count * self.extensions
        for attempt in range(wanted * self.max_draws):
            parent = parents[attempt % len(parents)]
            child = self.space.extend(parent, rng)
            if child is None or child in self.known or child in found:
                self.duplicates += child is not None
                continue
            found[child] = parent
            if len(found) == wanted:
                break
        return found
