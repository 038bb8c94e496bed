"""What a search is about to do and what it will take, said before it starts."""

from __future__ import annotations

import ml_collections
from rich.console import Console

from nao_tf.interrupts import interrupts_noticed
from nao_tf.search.config import flatten
from nao_tf.search.costs import UNITS, describe_limits
from nao_tf.search.estimate import estimate, estimate_from, estimate_shared
from nao_tf.search.execution import Execution
from nao_tf.search.history import BASELINE, SEARCH, WARM, History
from nao_tf.search.loop import SearchLoop
from nao_tf.search.progress import clock
from nao_tf.search.setup import Parts
from nao_tf.search.sharing.setup import Sharing
from nao_tf.searchers.registry import settings
from nao_tf.training.strategy import task_of_cluster


def describe_search(
    config: ml_collections.ConfigDict,
    parts: Parts,
    history: History,
    console: Console,
    sharing: Sharing | None = None,
) -> None:
    """Prints the task, the space, and what is searched how.

    Args:
        config: of the search.
        parts: of the search.
        history: of the search.
        console: where to print.
        sharing: of a search with shared weights.
    """
    searcher, budgets = config.searcher, parts.budgets(history)
    if sharing is None:
        arms = f'{searcher.name}: {budgets[SEARCH]} children'
        if 'initial' in settings(searcher.name) and not parts.warm:
            arms = f'{searcher.name}: {searcher.initial} random + {searcher.rounds} rounds of {searcher.per_round}'
    else:
        arms = sharing.describe()
    if BASELINE in budgets:
        arms += f'; random arm: {budgets[BASELINE]} more'
    if parts.warm:
        arms += f'; warm start: {len(parts.warm)} scores from {config.warm_start}'
    console.print(f'task {parts.task.name}: {parts.task.describe()}', markup=False)
    console.print(f'space {parts.space.name}; {arms}', markup=False)
    if parts.fit is not None:
        console.print(
            f'limits: {describe_limits(flatten(config))}; '
            f'{parts.fit.fitting} of {parts.fit.drawn} random architectures keep them',
            markup=False,
        )
    if parts.front is not None:
        cost = UNITS[parts.front.name]
        console.print(f'objective: score x {cost}^-{parts.front.exponent:g}; the front of both is kept', markup=False)


def describe_children(
    parts: Parts, console: Console, children: int, execution: Execution, loop: SearchLoop | None = None
) -> None:
    """Prints what training the children is estimated to take, measured on those that have ended, or on one.

    Args:
        parts: of the search.
        console: where to print.
        children: still to be trained.
        execution: where.
        loop: of the search; None before one is begun. It is told before a child is trained to be measured, so that
            one that ends the process does so once.
    """
    if execution.elsewhere or execution.distribution.many_processes:
        where = f'Ray at {execution.ray_address}' if execution.elsewhere else f'{task_of_cluster()[1]} processes'
        console.print(f'{children} children to train on {where}', markup=False)
        return
    ended = () if loop is None else loop.history.finished
    trained = [trial for trial in ended if trial.reused is None and trial.arm != WARM]
    if loop is not None and not trained:
        if loop.history.probed:
            console.print(f'{children} children to train', markup=False)
            return
        loop.record([{'event': 'probe'}])
    try:
        with interrupts_noticed():
            guess = estimate_from(trained, children) if trained else estimate(parts.evaluator, children, parts.searched)
    except Exception as error:  # the child that is measured may fail as any other may
        console.print(f'no estimate: the child that was to be measured failed ({type(error).__name__})', markup=False)
        return
    console.print(
        f'{children} children to train, about {guess.seconds_per_child:.1f} s each '
        f'(measured on {guess.measured}): estimated {clock(guess.seconds / execution.workers)} '
        f"and the searcher's own time; {guess.bytes / 1e6:.1f} MB on disk",
        markup=False,
    )


def describe_shared(sharing: Sharing, console: Console) -> None:
    """Prints what training and scoring with shared weights is estimated to take, measured on a few steps.

    Args:
        sharing: whose weights are not used afterwards.
        console: where to print.
    """
    guess = estimate_shared(sharing)
    console.print(
        f'{guess.steps:,} steps of shared weights, about {guess.seconds_per_step * 1000:.0f} ms each, and '
        f'{guess.scores:,} scores, about {guess.seconds_per_score * 1000:.0f} ms each: estimated '
        f"{clock(guess.seconds)} and the searcher's own time; {guess.bytes / 1e6:.1f} MB on disk",
        markup=False,
    )
