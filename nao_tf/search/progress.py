"""What a person sees while a search runs, and the tables at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nao_tf.search.history import SEARCH, History, Trial
from nao_tf.search.shown import Shown
from nao_tf.search.terminal import as_terminal

PLAIN = Shown('score')


class Progress:
    """Shows trial k of n, its score, the best so far, elapsed and remaining time.

    Args:
        total: trials of all arms, those that ended before included.
        ended: trials that ended in earlier sessions.
        console: where to print; the standard output by default.
        shown: how scores are shown.
    """

    def __init__(self, total: int, ended: int = 0, console: Console | None = None, shown: Shown = PLAIN):
        self.console = as_terminal(console)
        self.shown = shown
        self.ended_before = ended
        self.total = total
        self.started_at = time.perf_counter()
        self.children = 0

    def say(self, text: str) -> None:
        """Prints one line."""
        self.console.print(text, markup=False)

    def warn(self, message: str) -> None:
        """Prints a warning."""
        self.console.warn(message)

    def proposing(self, arm: str, number: int) -> None:
        """A searcher starts to learn and propose."""
        self.console.tell('proposing', arm=arm, batch=number)
        self.console.doing('proposing', self.ended_before + self.children, self.total)

    def started(self, trial: Trial) -> None:
        """A child starts."""
        self.console.tell('started', trial=trial.id, arm=trial.arm, attempt=trial.attempts)
        self.console.doing('training', self.ended_before + self.children, self.total)

    def shared_round(self, record: Mapping[str, Any]) -> None:
        """A round of shared weights has ended; its line is printed elsewhere (`SharingProgress`)."""

    def ended(self, trial: Trial, history: History) -> None:
        """Shows a trial that ended; a failure has a line of its own."""
        self.children += 1
        evaluation, proposal, shown = trial.evaluation, trial.proposal, self.shown
        assert evaluation is not None
        best = history.best()
        elapsed = time.perf_counter() - self.started_at
        remaining = elapsed / self.children * (self.total - history.ended)
        self.console.tell(
            'ended',
            trial=trial.id,
            arm=trial.arm,
            round=proposal.round,
            origin=proposal.origin,
            tokens=list(proposal.architecture.tokens),
            score=None if evaluation.failed else evaluation.score,
            failure=evaluation.failure,
            metrics=dict(evaluation.metrics),
            parameters=evaluation.parameters,
            seconds=evaluation.seconds,
            best_trial=None if best is None else best.id,
            best_score=None if best is None else best.score,
            done=history.ended,
            total=self.total,
            elapsed=elapsed,
            left=remaining,
        )
        where = f'round {proposal.round}' if trial.arm == SEARCH else trial.arm
        score = (
            f'failed: {evaluation.failure}' if evaluation.failed else f'{shown.label} {shown.figure(evaluation.score)}'
        )
        figures = (
            f'{score} | best {shown.figure(None if best is None else best.score)} | '
            f'{clock(elapsed)} elapsed, {clock(remaining)} left'
        )
        count = f'trial {history.ended:>{len(str(self.total))}} of {self.total}'
        line = f'{count} | {where:<8} {proposal.origin:<8} | {figures}'
        if evaluation.failed and self.console.live:
            self.say(line)
        self.console.advance(history.ended, self.total, line=line, brief=figures)

    def close(self) -> None:
        """Takes the live line off the terminal."""
        self.console.close()


def clock(seconds: float) -> str:
    """Returns a duration as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{rest:02d}' if hours else f'{minutes}:{rest:02d}'


def print_summary(summary: dict[str, Any], console: Console | None = None, shown: Shown = PLAIN) -> None:
    """Prints the end of a search: the best cell, the rounds, and NAO beside random.

    Args:
        summary: by the schema of summary.json.
        console: where to print.
        shown: how scores are shown.
    """
    console = as_terminal(console)
    best, metric = summary['best'], summary['metric']
    if best is None:
        console.print('no child finished: there is no best cell')
        return
    if 'sharing' not in summary:  # whose trials are no rounds: what there is to say of them is the ranking
        print_rounds(summary, console, shown)
    if 'baseline' in summary['arms']:
        print_arms(summary, console, shown)
    console.print(f'Best cell: trial {best["trial"]} ({best["arm"]}, round {best["round"]}, {best["origin"]})')
    console.print(escape(best['description']))
    test = '' if best['test'] is None else f', test {metric} {shown.value(best["test"][metric])}'
    console.print(f'validation {metric} {shown.figure(best["score"])}{test}, {best["parameters"]:,} parameters')
    seconds = summary['seconds']
    console.print(
        f'{clock(seconds["total"])} in all: children {seconds["children"]:.1f} s, '
        f'controller {seconds["controller"]:.1f} s, everything else {seconds["other"]:.1f} s'
    )


def print_rounds(summary: dict[str, Any], console: Console, shown: Shown = PLAIN) -> None:
    """Prints the rounds of the search arm: what was predicted, what came of it, and the controller's figures."""
    metric = summary['metric']
    mean = 'mean' if shown.metric_of is None else 'geometric mean'
    rounds = Table(title=f'Rounds of {summary["searcher"]} ({mean} over the cells of the round)', title_justify='left')
    failures = any(row['failed'] for row in summary['rounds'])
    names = ['round', 'cells', f'real {metric}', 'predicted', 'best', 'pairwise', 'Hamming', 'from']
    for name in [*names[:2], 'failed', *names[2:]] if failures else names:
        rounds.add_column(name, justify='left' if name == 'from' else 'right')
    for row in summary['rounds']:
        controller = row['controller'] or {}
        cells = [str(row['round']), str(row['trials'])]
        cells += [str(row['failed'])] if failures else []
        rounds.add_row(
            *cells,
            shown.figure(row['mean_score']),
            shown.figure(row['mean_predicted']),
            shown.figure(row['best_score']),
            figure(controller.get('pairwise_accuracy'), 3),
            figure(controller.get('hamming_distance'), 2),
            '\n'.join(f'{count} {origin}' for origin, count in row['origins'].items()),
        )
    console.print(rounds)


def print_arms(summary: dict[str, Any], console: Console, shown: Shown = PLAIN) -> None:
    """Prints the search beside the random arm, and whether the difference is significant."""
    metric, searcher = summary['metric'], summary['searcher']
    table = Table(title=f'{searcher} beside random, from the same random start', title_justify='left')
    for name in ('arm', 'cells added', f'mean {metric}', 'best (validation)', 'best (test)'):
        table.add_column(name, justify='left' if name == 'arm' else 'right')
    for arm, label in (('search', searcher), ('baseline', 'random')):
        row = summary['arms'][arm]
        test = row['best_test']
        table.add_row(
            label,
            str(row['added']),
            shown.figure(row['mean_added']),
            shown.figure(row['best_score']),
            shown.value(None if test is None else test[metric]),
        )
    console.print(table)
    comparison = summary['comparison']
    if comparison is None:
        console.print('too few cells in an arm for an interval')
        return
    low, high = comparison['interval']
    verdict = 'significant' if comparison['significant'] else 'not significant'
    if shown.metric_of is not None:
        # A difference of scores is a ratio of perplexities, whatever the score that it starts from.
        ratio, best, worst = (
            shown.metric_of(step) / shown.metric_of(0.0) for step in (comparison['difference'], high, low)
        )
        console.print(
            f'ratio of the mean {metric} {ratio:.3f}, '
            f'{comparison["level"]:.0%} bootstrap interval {best:.3f} to {worst:.3f}: {verdict}'
        )
        return
    console.print(
        f'difference of the means {comparison["difference"]:+.4f}, '
        f'{comparison["level"]:.0%} bootstrap interval {low:+.4f} to {high:+.4f}: {verdict}'
    )


def figure(value: float | None, digits: int = 4) -> str:
    """Returns a number for a table, `-` where there is none."""
    return '-' if value is None else f'{value:.{digits}f}'
