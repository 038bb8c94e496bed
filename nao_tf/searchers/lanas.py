"""LaNAS: latent actions that cut the space into good and bad regions, searched by UCB."""

from __future__ import annotations

import numpy as np

from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.region_tree import Path, RegionTree
from nao_tf.searchers.scaling import stretched
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class LaNAS(Searcher):
    """Learns a tree of linear cuts through the space and samples inside the leaf that UCB chooses.

    "Neural Architecture Search by Learning Action Space for Monte Carlo Tree Search" (Wang et al.; LaNAS), Alg. 1
    by its lines: the random start, then in every round the regressors of all nodes are learned on everything that
    was observed (lines 6 and 7) and, #select times (line 8), a leaf is selected by UCB (line 9), its constraints
    are collected (line 10) and a cell is drawn that meets them (line 11); evaluation and back-propagation (lines
    12 and 13) follow when the round is observed. Observing everything redirects all samples to the new tree's nodes
    and so sets n and x, as section 3.2 says.

    Differences from the paper:
    - The regressors are ridge regressions in closed form, not trained by Adam, on `space.features`.
    - Scores go through `scaling.stretched` first, so that c does not depend on the unit of the score.
    - Within a round a proposal counts as a visit at the mean of each region on its path, until it is observed.
    - Sampling in the leaf: the space is discrete, so uniform draws are tried first (rejection), then a random walk of
      one-decision mutations that starts at one of the leaf's samples and never leaves the region (a Markov chain
      whose stationary distribution is uniform where all cells have equally many neighbours). The search may
      test `tests` cells a proposal. Where none of them is new and inside, the one that meets most constraints,
      counted from the root, is taken: a draw of the smallest enclosing region that was hit. The released code for
      NAS-Bench-101 lists all remaining cells of the leaf instead.

    None of the paper's figures below is from memory; those of the released code were read in its repository.

    Args:
        space: what is searched.
        initial: cells of the random start (the paper: 400 of NAS-Bench-101, 200 in the open domain; 10 in the
            released code).
        selects: #select, proposals of a round (the paper: 100 and 50; 20 in the released code). The paper finds
            that fewer are better and only dearer; a tree is cheap here.
        height: levels of the tree (5; 8 in the open domain).
        exploration: c of UCB (the paper: .5; .1 in the released code).
        ridge: penalty of the regressors (of this package).
        tests: cells that are tested against the region for each proposal.
        draws: of these, how many are uniform draws; the others are steps of the walk.
        seed: of every draw.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        initial: int = 20,
        selects: int = 5,
        height: int = 5,
        exploration: float = 0.1,
        ridge: float = 1.0,
        tests: int = 20,
        draws: int = 5,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        check_at_least(1, initial=initial, selects=selects, height=height, tests=tests)
        check_at_least(0, exploration=exploration, draws=draws)
        check_at_least(1e-9, ridge=ridge)
        self.initial = initial
        self.selects = selects
        self.height = height
        self.exploration = exploration
        self.ridge = ridge
        self.tests = tests
        self.uniform_draws = draws

    @property
    def round_size(self) -> int:
        """The rest of the random start while it lasts, then `selects`."""
        missing = self.initial - len(self.known)
        return missing if missing > 0 else self.selects

    @property
    def round(self) -> int:
        """Number of the round that is proposed next; 0 is the random start."""
        return 1 + max(0, len(self.known) - self.initial) // self.selects if self._learns else 0

    @property
    def _learns(self) -> bool:
        return bool(self.evaluations) and len(self.known) >= self.initial

    def _propose(self, count: int) -> list[Proposal]:
        taken: set[Architecture] = set()
        current = self.round
        if not self._learns:
            return self.random_proposals(count, taken)
        architectures, scores = self.pool()
        tree = RegionTree(self.space.features(architectures), stretched(scores), height=self.height, ridge=self.ridge)
        rng = self.rng()
        proposals = []
        for _ in range(count):
            path = tree.select(self.exploration)
            architecture, parent = self._sample(path, architectures, taken, rng)
            if architecture is None:
                break
            tree.visit(path)
            taken.add(architecture)
            proposals.append(Proposal(architecture, 'region', current, parent=parent))
        best = self.best(self.selects)
        proposals += self.mutation_proposals(count - len(proposals), best, taken, round_number=current)
        proposals += self.random_proposals(count - len(proposals), taken, round_number=current)
        return proposals

    def _sample(
        self, path: Path, architectures: list[Architecture], taken: set[Architecture], rng: np.random.Generator
    ) -> tuple[Architecture | None, Architecture | None]:
        """Returns a new cell of the leaf's region and the sample that its walk began at, None for none.

        Args:
            path: to the leaf.
            architectures: all samples; the tree's members count them.
            taken: cells that the round has proposed already.
            rng: the source of randomness.
        """
        wanted = len(path.thresholds)
        depth, best, start = -1, None, None
        for _ in range(min(self.uniform_draws, self.tests)):
            candidate = self.space.canonical(self.space.sample(rng))
            if self._is_new(candidate, taken):
                reached = self._depth(path, candidate)
                if reached > depth:
                    depth, best = reached, candidate
                if reached == wanted:
                    return candidate, None
        here = begun = architectures[int(rng.choice(path.leaf.members))]
        for _ in range(self.tests - self.uniform_draws):
            candidate = self.space.canonical(self.space.mutate(here, rng))
            reached = self._depth(path, candidate)
            new = self._is_new(candidate, taken)
            # The later in the walk, the less it remembers of its start: of equals the last one counts.
            if new and reached >= depth:
                depth, best, start = reached, candidate, begun
            if reached == wanted:
                here = candidate
        return best, start

    def _is_new(self, candidate: Architecture, taken: set[Architecture]) -> bool:
        """Returns whether a cell may be proposed; counts the duplicate otherwise."""
        if candidate in self.known or candidate in taken:
            self.duplicates += 1
            return False
        return True

    def _depth(self, path: Path, candidate: Architecture) -> int:
        self.candidates += 1
        return path.depth(self.space.features([candidate])[0])
