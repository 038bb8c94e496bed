"""`nao search` on text from the command line, small but whole."""

import json

import pytest

import nao_tf
from tests.end_to_end.conftest import ROOT, nao, nao_here, trials

pytestmark = pytest.mark.slow

SMALL = (
    '--config=configs/text_quickstart.py',
    '--config.threads=1',
    '--config.task.min_count=20',
    '--config.task.train_tokens=3000',
    '--config.child.hidden=8',
    '--config.searcher.initial=4',
    '--config.searcher.rounds=1',
    '--config.searcher.per_round=2',
    '--config.searcher.seeds=2',
    '--config.searcher.controller.epochs=5',
    '--config.searcher.controller.least_steps=0',
    '--config.searcher.controller.hidden=16',
    '--config.searcher.controller.embedding=8',
)


@pytest.fixture(scope='module')
def searched(tmp_path_factory):
    """The work directory of a finished small search on text, and what the command printed."""
    workdir = tmp_path_factory.mktemp('text') / 'run'
    result = nao('search', *SMALL, f'--workdir={workdir}')
    assert result.returncode == 0, result.stderr
    return workdir, result.stdout


def test_shows_perplexity(searched):
    workdir, output = searched
    progress = [line for line in output.splitlines() if line.startswith('trial ')]
    assert len(progress) == 8
    assert all('perplexity' in line and 'best' in line for line in progress)
    for words in (
        '3,000 training',
        'real perplexity',
        'ratio of the mean perplexity',
        'node_0 = tanh(word, last state)',
    ):
        assert words in output
    summary = json.loads((workdir / 'summary.json').read_text())
    assert summary['metric'] == 'perplexity'
    assert summary['score'].startswith('1 - ln(perplexity) / ln(')
    found = summary['best']
    assert f'validation perplexity {found["validation"]["perplexity"]:.2f}' in output
    assert f'test perplexity {found["test"]["perplexity"]:.2f}' in output
    scores = [row[6] for row in trials(workdir).values()]
    assert found['score'] == max(scores)


def test_continues_and_refuses(searched):
    workdir, output = searched
    again = nao('search', *SMALL, f'--workdir={workdir}')
    assert again.returncode == 0, again.stderr
    assert output[output.index('Rounds of nao') :] in again.stdout
    status = nao_here('status', f'--workdir={workdir}')
    assert 'best perplexity' in status.stdout
    other = nao('search', *SMALL, '--config.child.hidden=9', f'--workdir={workdir}')
    assert other.returncode == 2
    assert 'child.hidden was 8, now 9' in other.stderr


def test_bad_input_is_one_line(searched, tmp_path, monkeypatch):
    workdir, _ = searched
    monkeypatch.chdir(ROOT)
    predicted = nao_here('predict', f'--model={workdir / "best_model.keras"}', f'--images={tmp_path}')
    missing = nao_here('search', '--config=configs/ptb.py', f'--data_dir={tmp_path}', f'--workdir={tmp_path / "run"}')
    field = nao_here('search', *SMALL, '--config.child.hiden=9', f'--workdir={tmp_path / "run"}')
    for result, message in (
        (predicted, 'holds a LanguageModel, not an image classifier'),
        (missing, 'ptb.train.txt: there is no such file, and no ptb.train.txt.gz; it is the train split'),
        (field, "there is no config field 'child.hiden'; did you mean child.hidden?"),
    ):
        assert result.returncode == 2
        assert result.stderr.count('\n') == 1
        assert message in result.stderr


def test_from_python(tmp_path):
    overrides = {
        'searcher.name': 'random',
        'task.min_count': 20,
        'task.train_tokens': 2000,
        'child.hidden': 4,
        'child.epochs': 1,
        'child.batch_size': 16,
        'child.random_length': False,
    }
    result = nao_tf.search('pydoc', budget=3, workdir=tmp_path / 'run', overrides=overrides)
    assert result.summary['metric'] == 'perplexity'
    assert result.best_architecture.space == 'nao_rnn'
    assert isinstance(result.best_model, nao_tf.LanguageModel)
    assert nao_tf.default_text_config().child.hidden == 850
