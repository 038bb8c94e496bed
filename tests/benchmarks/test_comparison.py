"""The tables on the terminal: modes apart, misses as bounds, the lead of the reference."""

from rich.console import Console

from nao_tf.benchmarks.comparison import compare, print_comparison
from nao_tf.benchmarks.statistics import summarise_runs
from tests.benchmarks.test_statistics import record


def summaries():
    def runs(name, mode, times, candidates=0):
        return [
            record([9.0 if i + 1 == time else i / 100 for i in range(60)], searcher=name, mode=mode, run=run,
                   candidates=candidates)
            for run, time in enumerate(times)
        ]  # fmt: skip

    made = {
        'nao': runs('nao', 'generate', [5, 6, 7, 8, 9, 10]),
        'random': runs('random', 'generate', [30, 40, 50, 61, 61, 61], candidates=60 * 25),
        'forest': runs('forest', 'enumerate', [5, 6, 7, 8, 9, 10]),
    }
    return {name: summarise_runs(rows, optimum=9.0, budget=60, budgets=[50]) for name, rows in made.items()}


def printed():
    console = Console(width=140, record=True, file=open('/dev/null', 'w'))  # noqa: SIM115
    every = summaries()
    pairs = compare(every, 'nao', seed=0)
    print_comparison(every, pairs, protocol='the protocol', digits=2, console=console)
    return pairs, console.export_text()


def test_modes_are_never_in_one_table():
    _, text = printed()
    generate, enumerate_ = text.split('Mode enumerate', 1)
    assert 'Mode generate' in generate
    assert 'forest' not in generate
    assert '│ random' not in enumerate_
    assert '│ nao' not in enumerate_
    assert 'across the modes: nao (generate) hits earlier than forest (enumerate) with probability 0.50' in text


def test_misses_are_printed_as_a_bound():
    _, text = printed()
    row = next(line for line in text.splitlines() if line.startswith('│ random'))
    assert '>= 50.5' in row
    assert '0.50 ' in row
    assert '1.00 (1.00-1.00) ahead' in row
    assert '>=' not in next(line for line in text.splitlines() if line.startswith('│ nao'))


def test_a_searcher_that_scores_too_many_candidates_is_named():
    _, text = printed()
    assert 'random scored 25.0 candidates for each query; the mode generate allows 20' in text


def test_pairs_name_both_modes():
    pairs, _ = printed()
    assert [(pair['rival'], pair['rival_mode'], pair['ahead']) for pair in pairs] == [
        ('random', 'generate', True),
        ('forest', 'enumerate', False),
    ]
    assert compare(summaries(), '', seed=0) == []
