"""Candidates that every step draws anew: from a policy that learns (ENAS), or uniformly (Random-WS)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.search.sharing.candidates import Candidates, Score
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.searchers.policy_searcher import PolicySearcher
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Policy(Candidates):
    """Every step draws a cell from a policy, which learns between the trainings from the scores of its draws (ENAS).

    After the training of a round the policy draws new cells, batch by batch, and learns from each batch, until it has
    drawn `per_round` of them. After the last training it draws `initial`, which are the candidates, and learns nothing.

    Args:
        space: of the architectures.
        config: the `searcher` part of a search's config, of a searcher with a policy.
        seed: of every draw.

    Raises:
        InputError: if a round draws what no whole number of batches is.
    """

    def __init__(self, space: SearchSpace, config: Mapping[str, Any], *, seed: int):
        super().__init__(space, config, seed=seed)
        self._batch: tuple[int, list[Architecture]] | None = None
        self._drawing = self._policy(0)
        name, batch = config['name'], self._drawing.batch
        if config['rounds'] and config['per_round'] % batch:
            raise InputError(
                f'sharing: a round draws searcher.per_round={config["per_round"]} cells, of which the policy learns '
                f'searcher.{name}.batch={batch} at a time; make per_round a multiple of the batch'
            )
        self.model = self._drawing.model_state()

    def _policy(self, number: int) -> PolicySearcher:
        searcher = self.searcher(number)
        assert isinstance(searcher, PolicySearcher)
        return searcher

    def draw(self, step: int) -> Architecture:
        """Returns a draw of the present policy."""
        number, place = divmod(step, self._drawing.batch)
        if self._batch is None or self._batch[0] != number:
            rng = np.random.default_rng([self.seed, 1, number])
            drawn = self._drawing.draw(rng)
            # What the policy draws beyond a limit is not trained; a uniform draw takes its place.
            fitting = (cell if self.space.admits(cell) else self.space.sample(rng) for cell in drawn)
            self._batch = number, [self.space.canonical(cell) for cell in fitting]
        return self._batch[1][place]

    def turn(self, number: int, score: Score, *, last: bool) -> None:
        """Draws, scores and learns."""
        searcher = self._policy(number)
        proposals: list[Proposal] = []
        evaluations: list[Evaluation] = []
        wanted = self.config['initial' if last else 'per_round']
        while len(proposals) < wanted:
            new = searcher.propose(min(searcher.round_size, wanted - len(proposals)))
            if not new:
                break
            found = [score(proposal.architecture) for proposal in new]
            if not last:
                searcher.observe(found)
            evaluations += found
            proposals += [dataclasses.replace(proposal, round=number) for proposal in new]
        self._keep(proposals, evaluations)
        self.report = {'updates': float(searcher.updates), 'baseline': searcher.baseline}
        self.model = searcher.model_state()
        self._drawing, self._batch = searcher, None

    @property
    def scores(self) -> int:
        """What the rounds draw, and the candidates."""
        return self.config['rounds'] * self.config['per_round'] + self.config['initial']

    def describe(self) -> str:
        """Returns what the rounds draw."""
        return (
            f'the policy of {self.config["name"]} learns from {self.config["per_round"]} cells in each of '
            f'{self.config["rounds"]} rounds and draws {self.config["initial"]} at the end'
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned."""
        super().load_state_dict(state)
        self._drawing, self._batch = self._policy(0), None


class Uniform(Candidates):
    """Every step draws uniformly; after the last training `initial` uniform draws are scored (Random-WS).

    Args:
        space: of the architectures.
        config: the `searcher` part of a search's config.
        seed: of every draw.
    """

    def draw(self, step: int) -> Architecture:
        """Returns a uniform draw."""
        return self.space.canonical(self.space.sample(np.random.default_rng([self.seed, step])))

    def turn(self, number: int, score: Score, *, last: bool) -> None:
        """Scores the candidates, once."""
        if last:
            proposals = self.searcher(number).random_proposals(self.config['initial'], round_number=number)
            self._keep(proposals, [score(proposal.architecture) for proposal in proposals])

    @property
    def scores(self) -> int:
        """The candidates alone."""
        return self.config['initial']

    def describe(self) -> str:
        """Returns what is drawn."""
        return f'uniform draws in every step, and {self.config["initial"]} at the end'
