"""How many children each arm of a search trains."""

from __future__ import annotations

from nao_tf.search.history import BASELINE, SEARCH, History


def arm_budgets(history: History, *, total: int, initial: int, warm: int, first: int, baseline: bool) -> dict[str, int]:
    """Returns the children of each arm, finished ones included.

    The random arm trains as many as the search adds to the random start that both share. How large that start is the
    searcher says by its first proposals: |X| for NAO, the population for evolution, nothing for a tree search.

    Args:
        history: of the search, or of one that has not begun.
        total: children of a search without warm scores.
        initial: |X|, of which warm scores take the place.
        warm: scores taken over from another run.
        first: children that are taken for the start before the searcher has proposed.
        baseline: whether there is a random arm.
    """
    proposed = history.of_arm(SEARCH)
    budget = total - min(warm, initial)
    if not baseline:
        return {SEARCH: budget}
    start = sum(trial.shared for trial in proposed) if (SEARCH, 0) in history.batches else min(first, budget)
    reached = len(proposed) if SEARCH in history.exhausted else budget
    return {SEARCH: budget, BASELINE: reached - start}


def missing_children(budgets: dict[str, int], history: History) -> int:
    """Returns how many children are still to be trained: the arms' budgets less what has ended.

    Args:
        budgets: of the arms.
        history: of the search.
    """
    return sum(
        max(budget - history.ended_in(arm), 0) for arm, budget in budgets.items() if arm not in history.exhausted
    )
