"""Neural Architecture Optimization (Luo et al. 2018), Algorithm 1."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.controller import Controller
from nao_tf.errors import InputError
from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.nao_candidates import MOVES, make_candidates
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class NAO(Searcher):
    """Encoder, predictor and decoder are trained on the evaluated cells; the best ones climb the prediction.

    Alg. 1 by its lines: the initial set X is drawn at random (round 0); then, in every round, the controller is
    fitted to X and S by Eq. (1) (line 3), the K best of X become seeds (line 4), each climbs by Eq. (2) (line 5)
    and is decoded (line 6); the new cells are evaluated and join X (line 2 of the next iteration). `rounds` counts
    the fits whose proposals are evaluated: the paper's 600 + 200 + 200 is two rounds.

    Where the ascent from K seeds gives fewer new cells than a round wants, further mutations of the best cells
    and then uniform draws fill it; the origin of every proposal says which it was.

    Args:
        space: what is searched.
        initial: cells of the random start, |X| (600).
        per_round: cells proposed in each later round (200).
        seeds: K, how many of the best cells climb (200).
        per_query: with a posterior, candidates that are made and scored for each cell that is proposed.
        moves: with a posterior, how candidates are made from the seeds: `ascent` (Eq. 2); for ablations `random_step`,
            a step of equal length in a random direction from random states, and `mutation` of one decision.
        climbs: the candidates are made in so many parts; each starts from the K that are the most promising by the
            posterior among the K best and the candidates before it, so that a seed climbs further than one step.
        controller: sizes and rules of the controller.
        seed: of the draws and of the controller's training.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        initial: int = 600,
        per_round: int = 200,
        seeds: int = 200,
        per_query: int = 20,
        moves: str = 'ascent',
        climbs: int = 2,
        controller: ControllerConfig,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        numbers = {'initial': initial, 'per_round': per_round, 'seeds': seeds, 'per_query': per_query, 'climbs': climbs}
        check_at_least(1, **{f'searcher.{name}': number for name, number in numbers.items()})
        if moves not in MOVES:
            raise InputError(f'searcher.moves is {moves!r}; it must be one of {", ".join(MOVES)}')
        if moves != 'ascent' and controller.posterior == 'none':
            raise InputError(f'searcher.moves is {moves!r}, which needs a controller whose posterior is not "none"')
        self.initial = initial
        self.per_round = per_round
        self.seeds = seeds
        self.per_query = per_query
        self.moves = moves
        self.climbs = climbs
        self.rounds = 0  # in which the controller learned
        self._trained_on = 0  # evaluations at the last training
        self._stale = False  # whether the controller's weights are not those of that training
        # What the controller draws to learn the language need not keep a limit of cost.
        self.controller = Controller(space.unlimited or space, controller, seed=seed)

    @property
    def round_size(self) -> int:
        """The rest of the random start while it lasts, then `per_round`."""
        missing = self.initial - len(self.known)
        return missing if missing > 0 else self.per_round

    @property
    def round(self) -> int:
        """Number of the round that is proposed next; 0 is the random start."""
        return self.rounds + 1 if self.learns else 0

    @property
    def learns(self) -> bool:
        """Whether the next proposal fits the controller."""
        return bool(self.evaluations) and len(self.known) >= self.initial

    def adopt(self, proposals: Sequence[Proposal], draws: int, asked: int | None = None) -> None:
        """Takes proposals from a log; a controller that starts warm is fitted as it was then.

        Args:
            proposals: of one call of `propose`.
            draws: the value of `draws` after that call.
            asked: how many that call was to return; None for as many as there are.
        """
        if self.learns:
            self.rounds += 1
            if self._training_is_due():
                self._trained_on = len(self.evaluations)
                if self.controller.config.start == 'warm':
                    self.controller.fit(*self.pool())
                else:
                    self.controller.fits += 1
                    self._stale = True
        super().adopt(proposals, draws, asked)

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class and what tells the controller's weights."""
        state = super().state_dict()
        state['rounds'] = self.rounds
        state['fits'] = self.controller.fits
        state['trained_on'] = self._trained_on
        return {**state, **self.model_state()}

    def model_state(self) -> dict[str, Any]:
        """Returns the controller's weights where its fits start warm."""
        return {'weights': self.controller.models.flat().tolist()} if self.controller.config.start == 'warm' else {}

    def load_model_state(self, state: Mapping[str, Any]) -> None:
        """Takes over the weights of an earlier controller, from which the next fit starts.

        Args:
            state: from `model_state`.
        """
        if 'weights' in state:
            self.controller.models.assign(np.asarray(state['weights'], np.float32))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.
        """
        super().load_state_dict(state)
        self.rounds = int(state['rounds'])
        self.controller.fits = int(state['fits'])
        self._trained_on = int(state['trained_on'])
        self._stale = self._trained_on > 0
        self.load_model_state(state)

    def _propose(self, count: int) -> list[Proposal]:
        current = self.round
        taken: set[Architecture] = set()
        if not self.learns:
            return self.random_proposals(count, taken, round_number=current)
        self.rounds += 1
        self.report = {'round': current}
        self._learn()
        started = time.perf_counter()
        climb = self._climb if self.controller.config.posterior == 'none' else self._climb_and_choose
        proposals = climb(count, current)
        taken.update(proposal.architecture for proposal in proposals)
        self.report['ascent_seconds'] = time.perf_counter() - started
        mutations = self.mutation_proposals(count - len(proposals), self.best(self.seeds), taken, round_number=current)
        proposals += self._predicted(mutations)
        proposals += self.random_proposals(count - len(proposals), taken, round_number=current)
        return proposals

    def _training_is_due(self) -> bool:
        return len(self.evaluations) >= self.controller.config.growth * self._trained_on

    def _learn(self) -> None:
        """Trains the controller (Alg. 1, line 3), or takes the new scores into the posterior of the last training."""
        started = time.perf_counter()
        if self._training_is_due():
            self._trained_on = len(self.evaluations)
            self._stale = False
            fit = self.controller.fit(*self.pool())
            self.report |= {
                'epochs': fit.epochs,
                'pairwise_accuracy': fit.pairwise_accuracy,
                'hamming_distance': fit.hamming_distance,
            }
        else:
            if self._stale:
                self._stale = False
                self.controller.fits -= 1
                self.controller.fit(*self.pool(self._trained_on))
            self.controller.condition(*self.pool())
        self.report['fit_seconds'] = time.perf_counter() - started

    def _climb(self, count: int, current: int) -> list[Proposal]:
        """Climbs from the K best cells and takes their first new ones (Alg. 1, lines 4 to 6)."""
        seeds = self.best(self.seeds)
        ascents = self.controller.ascend(seeds, self.known, per_parent=math.ceil(count / len(seeds)))
        climbed = {ascent.parent for ascent in ascents if ascent.architecture is not None}
        self.report['ascent_share'] = len(climbed) / len(seeds)
        self.candidates += sum({ascent.parent: ascent.tries for ascent in ascents}.values())
        return [
            Proposal(ascent.architecture, 'ascent', current, float(ascent.predicted), ascent.parent)
            for ascent in ascents
            if ascent.architecture is not None
        ][:count]

    def _climb_and_choose(self, count: int, current: int) -> list[Proposal]:
        """Makes `per_query` candidates from the K best cells for each cell that is wanted, and chooses among them."""
        optimism = self._optimism()
        found = make_candidates(self, self.per_query * count, optimism=optimism, round_number=current)
        climbed = {proposal.parent for proposal in found if proposal.origin == self.moves}
        self.report['ascent_share'] = len(climbed) / min(self.seeds, len(self.known))
        self.candidates += len(found)
        self.report['candidates'] = len(found)
        if not found:
            return []
        chosen = self.controller.choose([proposal.architecture for proposal in found], count, optimism)
        predicted = self.controller.predict([found[index].architecture for index in chosen])
        return [
            dataclasses.replace(found[index], predicted=float(value))
            for index, value in zip(chosen, predicted, strict=True)
        ]

    def _optimism(self) -> float:
        """Returns the weight of the uncertainty, which grows while the best score stays where it is."""
        _, scores = self.pool()
        waited = (len(scores) - 1 - int(np.argmax(scores))) / self.per_round
        return self.controller.config.optimism + self.controller.config.impatience * waited

    def _predicted(self, proposals: list[Proposal]) -> list[Proposal]:
        """Returns proposals with their predicted scores."""
        if not proposals:
            return []
        self.candidates += len(proposals)
        predictions = self.controller.predict([proposal.architecture for proposal in proposals])
        return [
            dataclasses.replace(proposal, predicted=float(predicted))
            for proposal, predicted in zip(proposals, predictions, strict=True)
        ]
