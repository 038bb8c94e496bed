"""Bad input of `nao benchmark`: one line, exit code 2, and nothing is run or written."""

import json

import numpy as np
import pytest

import nao_tf
from nao_tf.benchmarks.table import Table
from nao_tf.cli import main
from nao_tf.spaces.registry import get_space

CONFIG = 'configs/nasbench201.py'
COLUMNS = ('--config.table.valid=valid', '--config.table.test=test')


@pytest.fixture
def refused(capsys, monkeypatch, request, tmp_path, files):
    """Runs the command, checks that it is refused with these words, and that no run has begun."""
    monkeypatch.chdir(request.config.rootpath)
    output = tmp_path / 'out'

    def run(*words, table='whole.npz', searchers='random', columns=COLUMNS, more=(), config=CONFIG, written=False):
        code = main(
            ['nao', 'benchmark', f'--config={config}', f'--table={files / table}',
             f'--searchers={searchers}', '--seeds=1', '--budget=20', f'--output={output}', *columns, *more]
        )  # fmt: skip
        errors = capsys.readouterr().err
        assert code == 2, errors
        assert errors.count('\n') == 1, errors
        assert 'Traceback' not in errors
        for word in words:
            assert word in errors
        assert not list(output.glob('*/*.jsonl'))
        assert output.exists() is written

    return run


def test_a_table_of_another_space(refused, files):
    space = get_space('enas_cnn')
    cells = [space.canonical(space.sample(np.random.default_rng(seed))) for seed in range(5)]
    Table.of(space, cells, {'valid': np.arange(5.0), 'test': np.arange(5.0)}).save(files / 'enas.npz')
    refused("enas.npz is a table of space 'enas_cnn'", "'nasbench201'", '--config.space.name', table='enas.npz')


def test_a_searcher_that_cannot_search_the_space(refused):
    refused('nasbench201', 'progressive', 'growth', searchers='random,progressive')


def test_a_budget_larger_than_the_space(refused):
    refused('budget is 6,467', '6,466 classes', '--budget=6466', more=['--budget=6467'])
    refused('budget is 301', 'sample.npz has 300 classes', table='sample.npz', more=['--budget=301'])


def test_unknown_searchers(refused):
    refused("no searcher 'lamas'", 'nao, random', 'lanas', searchers='random,lamas')
    refused("'random' twice", searchers='random,random')
    refused('searchers is empty', searchers='')


@pytest.mark.parametrize('role', ['valid', 'test'])
def test_unknown_columns(refused, role):
    refused(
        f"table.{role} is 'acc'",
        'whole.npz',
        'valid, test, other',
        more=[f'--config.table.{role}=acc'],
        columns=COLUMNS,
    )


@pytest.mark.parametrize('role', ['valid', 'test'])
def test_a_column_without_a_value(refused, role, space, sample, files):
    columns = {'valid': np.arange(300.0), 'test': np.arange(300.0)}
    columns[role] = np.where(np.arange(300) % 2, np.nan, -np.inf)
    Table.of(space, sample.classes, columns).save(files / 'empty.npz')
    refused('empty.npz', f'no row has a value in column {role!r}', table='empty.npz')


def test_no_table(refused):
    refused('absent.npz', table='absent.npz')
    refused('--table=FILE', more=['--table='])


def test_numbers_out_of_range(refused):
    refused('seeds is 0', more=['--seeds=0'])
    refused('budget is 0', more=['--budget=0'])
    refused('workers is -1', more=['--config.workers=-1'])
    refused('report_at has 0', more=['--config.report_at=(0,)'])
    refused('searcher.initial is 0', more=['--config.searcher.initial=0'])


def test_an_unknown_field(refused):
    refused("'table.valids'", 'did you mean table.valid?', more=['--config.table.valids=x'])
    refused("'bugdet'", 'did you mean budget?', more=['--config.bugdet=7'])


def test_a_folder_of_another_protocol(refused, tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    stored = {'protocol': 1, 'version': nao_tf.__version__, 'seed': 0, 'budget': 100, 'table.valid': 'other'}
    (folder / 'config.json').write_text(json.dumps(stored))
    refused('out/config.json is of another protocol', 'budget was 100, now 20', 'Give another --output', written=True)
    (folder / 'config.json').write_text(json.dumps({'seed': 0, 'task.name': 'digits'}))
    refused('not that of a benchmark', written=True)
    (folder / 'config.json').write_text('{"protocol": 1')
    refused('config.json is damaged', written=True)


def test_a_folder_with_runs_of_other_settings(refused, tmp_path, capsys, files):
    arguments = [
        *('nao', 'benchmark', f'--config={CONFIG}', f'--table={files / "whole.npz"}', '--budget=20'),
        *('--seeds=1', f'--output={tmp_path / "out"}', *COLUMNS),
    ]
    assert main([*arguments, '--searchers=random']) == 0
    capsys.readouterr()
    refuse = [*arguments, '--searchers=evolution,random', '--config.searcher.initial=7']
    assert main(refuse) == 2
    errors = capsys.readouterr().err
    assert 'out/random/config.json is of another protocol: searcher.initial was 10, now 7' in errors
    assert not (tmp_path / 'out' / 'evolution').exists()
    assert main([*arguments, '--searchers=random', '--config.table.valid=other']) == 2
    errors = capsys.readouterr().err
    assert 'out/config.json is of another protocol' in errors
    assert "table.valid was 'valid', now 'other'" in errors
    assert errors.count('\n') == 1
    # What only another searcher reads may change.
    assert main([*arguments, '--searchers=random', '--config.searcher.evolution.sample=3']) == 0


def test_a_folder_of_something_else(refused, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'thesis.tex').write_text('x')
    refused('no output folder of a benchmark', 'thesis.tex', written=True)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('benchmark',), ['needs --config']),
        (('benchmark', '--config=configs/nasbench201.py'), ['needs --output']),
        (('benchmark', '--config=configs/digits.py', '--output=x'), ['not of a benchmark']),
        (('search', '--config=configs/nasbench201.py', '--workdir=x'), ['not of a search']),
    ],
)
def test_usage(arguments, words, capsys, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    assert main(['nao', *arguments]) == 2
    errors = capsys.readouterr().err
    assert errors.count('\n') == 1
    for word in words:
        assert word in errors


def test_variants(refused, tmp_path):
    def config(variants):
        file = tmp_path / 'config.py'
        file.write_text(
            'from nao_tf.benchmarks.config import default_benchmark_config\n\n\ndef get_config():\n'
            f'    config = default_benchmark_config()\n    config.variants = {variants}\n    return config\n'
        )
        return file

    refused("no searcher 'nao_papers'", 'did you mean nao_paper?', searchers='nao_papers')
    refused('variants.mine.of is None', 'nao, random', searchers='mine', config=config({'mine': {'seeds': 5}}))
    refused(
        'variants.mine',
        'did you mean searcher.seeds',
        searchers='mine',
        config=config({'mine': {'of': 'nao', 'seed': 5}}),
    )
    refused('variants.random has the name of a searcher', config=config({'random': {'of': 'nao'}}))
