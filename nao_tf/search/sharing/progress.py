"""What a person sees of a weight-sharing search."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from nao_tf.search.progress import Progress, clock, figure
from nao_tf.search.shown import Shown
from nao_tf.search.terminal import JSON


class SharingProgress:
    """Prints the epochs and the rounds as they end.

    Args:
        progress: where to print.

    Attributes:
        active: whether this session has trained or scored.
    """

    def __init__(self, progress: Progress):
        self.progress = progress
        self.active = False
        self.epochs = 0
        self.started_at = time.perf_counter()

    def earlier(self, record: Mapping[str, Any]) -> None:
        """Tells who looks on; a person has seen its line."""
        self.progress.shared_round(record)

    def continued(self, epoch: int, epochs: int) -> None:
        """Says where the search goes on."""
        self.progress.say(f'continuing: {epoch} of {epochs} epochs of shared weights are done')

    def epoch(self, epoch: int, epochs: int, loss: float) -> None:
        """Shows an epoch that ended."""
        self.active = True
        self.epochs += 1
        elapsed = time.perf_counter() - self.started_at
        left = elapsed / self.epochs * (epochs - epoch)
        console = self.progress.console
        console.tell('epoch', epoch=epoch, epochs=epochs, loss=loss, elapsed=elapsed, left=left)
        figures = f'loss {loss:.4f} | {clock(elapsed)} elapsed, {clock(left)} left'
        console.doing('sharing')
        console.advance(epoch, epochs, line=f'epoch {epoch:>{len(str(epochs))}} of {epochs} | {figures}', brief=figures)

    def scoring(self, number: int) -> None:
        """Says on the live line that a round is scored; it has a line of its own when it has ended."""
        self.active = True
        self.progress.console.doing('scoring')

    def round(self, record: Mapping[str, Any]) -> None:
        """Prints the line of a round."""
        self.progress.shared_round(record)
        shown = self.progress.shown
        self.progress.console.tell('round', **record)
        if self.progress.console.mode == JSON:
            return
        origins = ', '.join(f'{count} {origin}' for origin, count in record['origins'].items())
        self.progress.say(
            f'round {record["round"]} | {record["scored"]} cells scored with shared weights | mean '
            f'{shown.figure(record["mean_score"])} | best {shown.figure(record["best_score"])} | newest ({origins}) '
            f'{shown.figure(record["mean_new"])}'
        )


def print_sharing(summary: Mapping[str, Any], console: Console, shown: Shown) -> None:
    """Prints the rounds, and how well the shared scores rank.

    Args:
        summary: the part `sharing` of summary.json.
        console: where to print.
        shown: how scores are shown.
    """
    table = Table(title='Rounds of shared weights (scores of all candidates on the same batches)', title_justify='left')
    for name in ('round', 'epochs', 'loss', 'cells', 'mean', 'best', 'newest', 'predicted', 'from'):
        table.add_column(name, justify='left' if name == 'from' else 'right')
    for row in summary['rounds']:
        table.add_row(
            *(str(row['round']), str(row['epochs']), figure(row['loss']), str(row['scored'])),
            *(shown.figure(row[name]) for name in ('mean_score', 'best_score', 'mean_new', 'mean_predicted')),
            '\n'.join(f'{count} {origin}' for origin, count in row['origins'].items()),
        )
    console.print(table)
    seconds = ', '.join(f'{name} {value:.1f} s' for name, value in summary['seconds'].items())
    console.print(f'shared weights: {seconds}', markup=False)
    ranking = summary['ranking']
    if ranking is None:
        console.print('ranking of the shared scores: not measured (fewer than two architectures were trained for it)')
        return
    console.print(
        f'ranking of the shared scores, against a training of its own for {ranking["architectures"]} architectures '
        f'from the best to the worst: Kendall tau {figure(ranking["kendall_tau"], 3)} '
        f'(p = {figure(ranking["p_value"], 3)}), '
        f'{ranking["top_overlap"]} of the best {ranking["top"]} in common',
        markup=False,
    )
