"""Shared weights by three searchers at equal training, and children trained on their own for the same time.

    python tools/compare_sharing.py --config=configs/cifar10_ws_small.py --data_dir=DATA --seeds=3 --output=runs/sharing

Every arm is a search of its own: NAO-WS (`nao`), Random-WS (`random`), ENAS (`reinforce`; its policy is updated after
every epoch but the last, from about as many scores in all as NAO-WS makes), and `children`: NAO over as many children,
trained as the finalists are, as take as long as the NAO-WS of that seed took without its ranking measurement. What each
winner scores on the test split, once, is compared. The summary of a search that has ended is a record in the output
folder, which is only read; one that has not is continued from its work directory beside it. Several of this program may
work on one output (--first). The records of the published figures are in `docs/measured`.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ml_collections
import numpy as np
import scipy.stats
from absl import app, flags
from consoles import make_console
from ml_collections import config_flags
from records import check_settings, recorded
from rich.table import Table

NAMES = {'nao': 'NAO-WS', 'random': 'Random-WS', 'reinforce': 'ENAS', 'children': 'NAO, trained children'}

FLAGS = flags.FLAGS
config_flags.DEFINE_config_file('config', 'configs/cifar10_ws_small.py')
flags.DEFINE_string('data_dir', None, 'sets config.task.data_dir')
flags.DEFINE_list('arms', list(NAMES), f'of {", ".join(NAMES)}')
flags.DEFINE_integer('first', 0, 'first seed')
flags.DEFINE_integer('seeds', 3, 'number of seeds')
flags.DEFINE_string('output', 'runs/sharing', 'folder of the work directories')


def config_of(arm: str, seed: int, shared: dict[str, Any] | None = None) -> ml_collections.ConfigDict:
    """Returns the config of an arm.

    Args:
        arm: one of `NAMES`.
        seed: of the search.
        shared: the summary of NAO-WS with this seed, for `children`.
    """
    config = FLAGS.config.copy_and_resolve_references()
    config.seed = seed
    config.baseline = 'none'
    if FLAGS.data_dir is not None:
        config.task.data_dir = FLAGS.data_dir
    searcher, sharing = config.searcher, config.sharing
    if arm == 'children':
        count = children_for(shared or {}, sharing.finalists)
        searcher.rounds = 2
        searcher.per_round = searcher.seeds = count // 4
        searcher.initial = count - 2 * searcher.per_round
        with config.unlocked():
            del config.sharing
        return config
    searcher.name = arm
    if arm == 'reinforce':
        epochs, scores = (searcher.rounds + 1) * sharing.epochs, searcher.initial * searcher.rounds
        sharing.epochs = 1
        searcher.rounds = epochs - 1
        searcher.per_round = searcher.reinforce.batch = max(1, scores // searcher.rounds)
    return config


def children_for(shared: dict[str, Any], finalists: int) -> int:
    """Returns how many children take as long as a search with shared weights without measuring its ranking."""
    each = shared['seconds']['children'] / shared['trials']['total']
    return max(4, round(finalists + sum(shared['sharing']['seconds'].values()) / each))


def report(summaries: dict[str, list[dict[str, Any]]]) -> Table:
    """Returns the figures of every arm.

    Test scores are compared with those of Random-WS, with Welch's interval: perplexities by their ratio, others by
    their difference.
    """
    metric = next(iter(summaries.values()))[0]['metric']
    ratios = metric == 'perplexity'
    to, back = (np.log, np.exp) if ratios else (np.asarray, np.asarray)
    table = Table(title=f'{metric} of the winners', title_justify='left')
    for column in ('', 'validation', 'test', 'mean', 'over Random-WS (95%)', 'tau', 'trained', 'minutes'):
        table.add_column(column)
    for arm, runs in summaries.items():
        tests = to([run['best']['test'][metric] for run in runs])
        difference = '-'
        taus = [((run.get('sharing') or {}).get('ranking') or {}).get('kendall_tau') for run in runs]
        if arm != 'random' and len(tests) > 1 and len(summaries.get('random', [])) > 1:
            others = to([run['best']['test'][metric] for run in summaries['random']])
            interval = scipy.stats.ttest_ind(tests, others, equal_var=False).confidence_interval()
            found, low, high = back([np.mean(tests) - np.mean(others), *interval])
            difference = (
                f'x {found:.3f} ({low:.3f} to {high:.3f})' if ratios else f'{found:+.4f} ({low:+.4f} to {high:+.4f})'
            )
        table.add_row(
            NAMES[arm],
            ', '.join(f'{run["best"]["validation"][metric]:.4g}' for run in runs),
            ', '.join(f'{test:.4g}' for test in back(tests)),
            f'{back(np.mean(tests)):.4g}',
            difference,
            ', '.join('-' if tau is None else f'{tau:+.2f}' for tau in taus),
            ', '.join(str(run['trials']['total']) for run in runs),
            ', '.join(f'{run["seconds"]["total"] / 60:.0f}' for run in runs),
        )
    return table


def mean_tau(summaries: dict[str, list[dict[str, Any]]]) -> str:
    """Returns the mean over all searches of the tau of their shared scores, with Student's interval, as a sentence."""
    rankings = [(run.get('sharing') or {}).get('ranking') for runs in summaries.values() for run in runs]
    taus = [ranking['kendall_tau'] for ranking in rankings if ranking and ranking['kendall_tau'] is not None]
    if len(taus) < 2:
        return ''
    mean, error = np.mean(taus), scipy.stats.sem(taus)
    low, high = scipy.stats.t.interval(0.95, len(taus) - 1, mean, error)
    interval = f'(95% {low:+.2f} to {high:+.2f})'
    return f'tau of shared and stand-alone scores, mean of {len(taus)} searches: {mean:+.2f} {interval}'


def main(arguments: Sequence[str]) -> None:
    """Runs what is missing, and prints the figures."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    if unknown := set(FLAGS.arms) - set(NAMES):
        raise app.UsageError(f'--arms: there is no {unknown.pop()!r}; there are {", ".join(NAMES)}')
    if 'children' in FLAGS.arms and 'nao' not in FLAGS.arms[: FLAGS.arms.index('children')]:
        raise app.UsageError('--arms: children come after nao, whose time they get')
    from nao_tf.search.config import flatten
    from nao_tf.search.identity import may_change
    from nao_tf.search.run import run_search

    console = make_console()
    fields = flatten(FLAGS.config)
    same = {name: value for name, value in fields.items() if name != 'seed' and not may_change(name, fields)}
    check_settings(FLAGS.output, same, console)

    def summary(arm: str, seed: int, shared: dict[str, Any] | None) -> dict[str, Any]:
        result = run_search(config_of(arm, seed, shared), Path(FLAGS.output) / f'{arm}-{seed}', console=console)
        assert result is not None
        return result.summary

    summaries: dict[str, list[dict[str, Any]]] = {arm: [] for arm in FLAGS.arms}
    for seed in range(FLAGS.first, FLAGS.first + FLAGS.seeds):
        shared: dict[str, Any] | None = None
        for arm in FLAGS.arms:
            record = recorded(FLAGS.output, f'{arm}-{seed}', functools.partial(summary, arm, seed, shared), console)
            shared = record if arm == 'nao' else shared
            summaries[arm].append(record)
    console.print(report(summaries))
    console.print(mean_tau(summaries))


if __name__ == '__main__':
    app.run(main)
