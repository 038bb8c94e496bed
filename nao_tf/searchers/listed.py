"""Listed: a searcher that proposes what it was given, such as the finalists of a search with shared weights."""

from __future__ import annotations

from collections.abc import Sequence

from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.base import SearchSpace


class Listed(Searcher):
    """Proposes given cells in their order and learns nothing.

    Args:
        space: of the cells.
        proposals: canonical and distinct architectures.
    """

    def __init__(self, space: SearchSpace, proposals: Sequence[Proposal]):
        super().__init__(space)
        self.proposals = tuple(proposals)

    @property
    def round_size(self) -> int:
        """All of them."""
        return len(self.proposals)

    def _propose(self, count: int) -> list[Proposal]:
        return [proposal for proposal in self.proposals if proposal.architecture not in self.known][:count]
