"""One trial of a search, and one call of a searcher, as the journal has them."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Mapping

from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture

SEARCH, BASELINE, WARM = 'search', 'baseline', 'warm'


@dataclasses.dataclass
class Trial:
    """One evaluation of one architecture, from its proposal to its end.

    Args:
        id: number of the trial, from 1.
        arm: `search`, `baseline` (the random arm), or `warm` (scores taken over from another run).
        proposal: what was proposed, in which round, and how it came about.
        evaluation: its result, None while there is none.
        attempts: how often it was started and neither ended, nor was interrupted by its owner, nor came any further.
        batch: number of the call of `propose` in its arm, from 0.
        reused: id of the trial whose result it took over, None if it was evaluated itself.
        reached: of the checkpoint from which it was started last, when it was written (ns), None without one.
    """

    id: int
    arm: str
    proposal: Proposal
    evaluation: Evaluation | None = None
    attempts: int = 0
    batch: int = 0
    reused: int | None = None
    reached: int | None = None

    @property
    def score(self) -> float:
        """The score; NaN if there is none."""
        return math.nan if self.evaluation is None or self.evaluation.failed else self.evaluation.score

    @property
    def finished(self) -> bool:
        """Whether it has a usable score."""
        return self.evaluation is not None and not self.evaluation.failed

    @property
    def shared(self) -> bool:
        """Whether it belongs to the random start, which both arms share."""
        return self.arm == WARM or (self.arm == SEARCH and self.proposal.round == 0)


@dataclasses.dataclass(frozen=True)
class Batch:
    """The trials that one call of `propose` made, and the figures the searcher reported with them.

    Args:
        arm: whose searcher it was.
        number: of the call in its arm, from 0.
        trials: ids, in the order of the proposals.
        draws: `Searcher.draws` after the call.
        asked: how many the call was to return; None where the journal does not say.
        seconds: wall time of the call.
        report: figures of the searcher.
    """

    arm: str
    number: int
    trials: tuple[int, ...]
    draws: int
    asked: int | None
    seconds: float
    report: Mapping[str, float | None]


def cell_sum(architecture: Architecture) -> str:
    """Returns 8 hexadecimal digits of an architecture's tokens, by which the end of a trial names what was evaluated.

    Args:
        architecture: of the trial.
    """
    return f'{zlib.crc32(" ".join(map(str, architecture.tokens)).encode()):08x}'
