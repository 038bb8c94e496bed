"""Searches with limits and with a front on the digits: what was trained, kept, said, and taken up again."""

import importlib.util
import io
import json
import sys

import keras
import pytest
from rich.console import Console

import nao_tf
from nao_tf.errors import InputError
from nao_tf.search.config import default_config
from nao_tf.search.journal import Journal, encode_line
from nao_tf.search.run import run_search
from nao_tf.search.sharing.config import default_sharing_config
from tests.end_to_end.conftest import nao, trials
from tests.support import tiny_space

SMALL = {
    'task.name': 'digits',
    'space.module': tiny_space.__file__,
    'child.cells_per_stage': 1,
    'child.filters': 4,
    'child.auxiliary': False,
    'child.epochs': 1,
    'searcher.name': 'random',
    'searcher.initial': 3,
    'searcher.rounds': 0,
}


def small(config, **fields):
    for name, value in {**SMALL, **fields}.items():
        part, last = config, name
        while '.' in last:
            first, last = last.split('.', 1)
            part = part[first]
        part[last] = value
    return config


def run(config, workdir):
    said = io.StringIO()
    result = run_search(config, workdir, console=Console(file=said, width=200))
    return result, said.getvalue()


def test_limits_and_a_front(tmp_path):
    limits = {'constraints.max_params': 2_700, 'constraints.max_latency_ms': 1e5}
    config = small(default_config(), **limits, **{'objective': 'pareto', 'pareto.cost': 'flops'})
    result, said = run(config, tmp_path)
    trials = result.history.trials.values()
    assert len(trials) == 3
    assert all(trial.evaluation.parameters <= 2_700 for trial in trials)
    assert 'limits: at most 2,700 parameters, 100,000.0 ms; ' in said
    assert 'Pareto front of validation accuracy against FLOPs' in said
    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert summary['limits'] == {'max_params': 2_700, 'max_latency_ms': 1e5}
    front = summary['front']['trials']
    assert front[-1]['score'] == summary['best']['score']
    assert [row['cost'] for row in front] == sorted(row['cost'] for row in front)
    models = {row['model'] for row in front}
    assert models == {f'children/{path.name}' for path in (tmp_path / 'children').glob('*.keras')}
    assert keras.models.load_model(tmp_path / front[0]['model']).count_params() > 0
    # The latencies are in the journal, those of the first look too, and nothing is measured twice.
    journal = [event for event in Journal(tmp_path / 'trials.jsonl').read() if event['event'] == 'latency']
    tokens = {tuple(event['tokens']) for event in journal}
    assert len(tokens) == len(journal)
    assert tokens >= {trial.proposal.architecture.tokens for trial in trials}
    _, said = run(config, tmp_path)
    assert 'holds this search, finished' in said
    assert [event for event in Journal(tmp_path / 'trials.jsonl').read() if event['event'] == 'latency'] == journal
    config.constraints.max_params = 2_800
    with pytest.raises(InputError, match=r'constraints\.max_params was 2700, now 2800'):
        run(config, tmp_path)


def test_a_latency_that_ends_the_process_is_passed(tmp_path, monkeypatch):
    """The architectures of the first look are always the same: without counted attempts it would never end."""
    measured = []

    def measure(child, architecture):
        measured.append(architecture)
        if architecture == measured[0]:
            raise SystemExit  # as the kernel would; nothing between here and the command catches it
        return 1.0

    monkeypatch.setattr('nao_tf.search.costs.measure_latency', measure)
    config = small(default_config(), **{'constraints.max_latency_ms': 10.0, 'max_attempts': 2, 'baseline': 'none'})
    for _ in range(2):
        with pytest.raises(SystemExit):
            run(config, tmp_path)
    result, said = run(config, tmp_path)
    assert measured[0] == measured[1] != measured[2]
    assert 'cannot be measured, so it is beyond every limit: the process died in each of 2 attempts' in ' '.join(
        said.split()
    )
    trials = result.history.trials.values()
    assert len(trials) == 3
    assert measured[0] not in {trial.proposal.architecture for trial in trials}


def test_a_limit_that_nothing_keeps_leaves_the_folder_free(tmp_path):
    config = small(default_config(), **{'constraints.max_latency_ms': 1e-6})
    with pytest.raises(InputError, match=r'max_latency_ms is 1e-06, but of 20 random architectures .* raise it'):
        run(config, tmp_path / 'new')
    assert not (tmp_path / 'new').exists()
    with pytest.raises(InputError, match=r'max_latency_ms is 1e-06, but of 20 random architectures .* raise it'):
        run(config, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['.lock']
    config.constraints.max_latency_ms = 1e5
    result, _ = run(config, tmp_path)
    assert len(result.history.trials) == 3
    config.constraints.max_latency_ms = 1e-6
    with pytest.raises(InputError, match=r'constraints\.max_latency_ms was 100000\.0, now 1e-06'):
        run(config, tmp_path)


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('sharing.npz', b'shared weights of days'),
        ('trials.jsonl', b'{"event":"proposed", a line that is damaged\n'),
        ('trials.jsonl', encode_line({'event': 'probe'}).encode()),
    ],
)
def test_a_folder_that_holds_more_than_a_first_look_is_kept(tmp_path, monkeypatch, name, content):
    config = small(default_config(), **{'constraints.max_latency_ms': 1.0})
    monkeypatch.setattr('nao_tf.search.costs.measure_latency', lambda *arguments: sys.exit())
    with pytest.raises(SystemExit):
        run(config, tmp_path)
    with (tmp_path / name).open('ab') as file:
        file.write(content)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr('nao_tf.search.costs.measure_latency', lambda *arguments: 2.0)
    with pytest.raises(InputError, match=r'constraints\.max_latency_ms is 1, but of 20'):
        run(config, tmp_path)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after.keys() == before.keys()
    assert all(after[file].startswith(before[file]) for file in before)


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec('ray'), reason="Ray is not installed: pip install 'nao_tf[ray]'")
def test_limits_and_a_front_on_ray(tmp_path):
    """They are the same as in one process, and so are the children that the front keeps."""
    fields = {'constraints.max_flops': 80_000, 'objective': 'pareto', 'pareto.cost': 'params'}
    given = (
        f'--config.{name}={value}' for name, value in {**SMALL, **fields, 'threads': 1, 'baseline': 'none'}.items()
    )
    config = tmp_path / 'default.py'
    config.write_text('from nao_tf.search.config import default_config as get_config\n')
    command = ('search', f'--config={config}', *given)
    for name, executor in (('here', ()), ('ray', ('--executor=ray', '--workers=2'))):
        done = nao(*command, *executor, f'--workdir={tmp_path / name}')
        assert done.returncode == 0, done.stderr
    assert len(trials(tmp_path / 'here')) == 3
    assert trials(tmp_path / 'ray') == trials(tmp_path / 'here')
    here, ray = (json.loads((tmp_path / name / 'summary.json').read_text())['front'] for name in ('here', 'ray'))
    assert ray == here
    for row in ray['trials']:
        model = keras.models.load_model(tmp_path / 'ray' / row['model'])
        assert model.count_params() > 0


def test_shared_weights_within_a_limit(tmp_path):
    fields = {
        'searcher.name': 'reinforce',  # whose policy draws what the steps train
        'searcher.rounds': 1,
        'searcher.per_round': 3,
        'searcher.reinforce.batch': 3,
        'searcher.initial': 6,
        'sharing.epochs': 1,
        'sharing.finalists': 1,
        'sharing.ranked': 0,
        'sharing.filters': 4,
        'sharing.cells_per_stage': 1,
        'sharing.auxiliary': False,
        'sharing.batch_size': 256,
        'sharing.eval_batch_size': 128,
        'constraints.max_params': 2_500,
    }
    config = small(default_sharing_config(), **fields)
    result, said = run(config, tmp_path)
    assert 'limits: at most 2,500 parameters; ' in said
    assert [trial.evaluation.parameters <= 2_500 for trial in result.history.trials.values()] == [True]
    config.objective = 'pareto'
    with pytest.raises(InputError, match='which needs children that are trained on their own'):
        run(config, tmp_path)


def test_from_python_and_a_limit_that_nothing_keeps(tmp_path):
    overrides = {name: value for name, value in SMALL.items() if not name.startswith('task.')}
    with pytest.raises(InputError, match=r'constraints.max_flops is 100, but of 1,000 random .* has [\d,]+ FLOPs'):
        nao_tf.search(
            'digits', workdir=tmp_path / 'none', overrides={**overrides, 'constraints.max_flops': 100},
            config=small(default_config()),
        )  # fmt: skip
    assert not (tmp_path / 'none').exists()
