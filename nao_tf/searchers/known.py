"""The cells that a searcher does not propose: those that it has proposed or been told of, and those beyond a limit."""

from __future__ import annotations

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Within(set[Architecture]):
    """A set of cells that also finds in itself whatever its space does not admit; its length counts members only.

    So a searcher that leaves out what is known leaves out what is beyond a limit, however it came upon it.

    Args:
        space: with limits.
    """

    def __init__(self, space: SearchSpace):
        super().__init__()
        self._admits = space.admits

    def __contains__(self, cell: object) -> bool:
        """Returns whether a cell is a member, or not admitted."""
        return super().__contains__(cell) or not self._admits(cell)  # type: ignore[arg-type]


def known_cells(space: SearchSpace) -> set[Architecture]:
    """Returns an empty set of known cells.

    Args:
        space: what is searched.
    """
    return set() if space.unlimited is None else Within(space)
