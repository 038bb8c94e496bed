"""`nao search` from the command line: what it prints and leaves, and what can be made of a finished one."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from nao_tf.networks.cost import count_parameters
from nao_tf.reports.series import sizes
from nao_tf.reports.source import open_source
from nao_tf.spaces.reading import cells_of
from tests.end_to_end.conftest import ROOT, SMALL, nao, nao_here, trials

pytestmark = pytest.mark.slow


def test_prints_progress_and_the_tables(finished):
    _, result = finished
    assert result.stderr == ''
    lines = result.stdout.splitlines()
    progress = [line for line in lines if line.startswith('trial ')]
    assert len(progress) == 8
    assert progress[0].startswith('trial 1 of 8 | round 0')
    assert all(word in progress[-1] for word in ('score', 'best', 'elapsed', 'left'))
    assert any('estimated' in line for line in lines)
    for words in ('normal cell', 'reduction cell', 'beside random', 'bootstrap interval', 'validation accuracy'):
        assert words in result.stdout
    assert 'significant' in result.stdout


def test_leaves_journal_summary_and_model(finished):
    workdir, _ = finished
    rows = trials(workdir)
    assert len(rows) == 8
    assert [row[1] for row in rows.values()] == ['search'] * 6 + ['baseline'] * 2
    assert len({tuple(row[0]) for row in rows.values()}) == 8
    summary = json.loads((workdir / 'summary.json').read_text())
    scores = [row[6] for row in rows.values()]
    assert summary['best']['score'] == max(scores)
    assert summary['best']['tokens'] == rows[summary['best']['trial']][0]
    assert 0 <= summary['best']['test']['accuracy'] <= 1
    first, second = summary['rounds']
    assert first['mean_score'] == pytest.approx(np.mean(scores[:4]))
    assert second['mean_score'] == pytest.approx(np.mean(scores[4:6]))
    assert second['mean_predicted'] == pytest.approx(np.mean([row[4] for row in list(rows.values())[4:6]]))
    difference = np.mean(scores[4:6]) - np.mean(scores[6:])
    assert summary['comparison']['difference'] == pytest.approx(difference)
    seconds = summary['seconds']
    assert seconds['total'] == pytest.approx(seconds['children'] + seconds['controller'] + seconds['other'], abs=0.01)
    assert (workdir / 'best_model.keras').exists()


def test_winner_predicts_as_it_was_scored(finished):
    """The model file takes raw images, in a process that only imports nao_tf, and has the winner's own weights."""
    workdir, _ = finished
    program = f"""
import nao_tf, keras, json
from nao_tf.tasks.make import make_task
model = keras.models.load_model({str(workdir / 'best_model.keras')!r})
task = make_task({{'name': 'digits'}})
images, labels = task.arrays('test')
found = float((model.predict(images, verbose=0).argmax(1) == labels).mean())
print(json.dumps([found, list(model.class_names)]))
"""
    result = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=True)
    accuracy, names = json.loads(result.stdout.splitlines()[-1])
    summary = json.loads((workdir / 'summary.json').read_text())
    assert accuracy == pytest.approx(summary['best']['test']['accuracy'])
    assert names == [str(digit) for digit in range(10)]


def test_second_run_prints_the_finished_result(finished):
    workdir, first = finished
    journal = (workdir / 'trials.jsonl').read_bytes()
    again = nao('search', *SMALL, f'--workdir={workdir}')
    assert again.returncode == 0
    assert 'finished' in again.stdout.splitlines()[0]
    table = first.stdout[first.stdout.index('Rounds of nao') :]
    assert table in again.stdout
    assert (workdir / 'trials.jsonl').read_bytes() == journal


def test_extended_by_a_round(finished, tmp_path):
    workdir = shutil.copytree(finished[0], tmp_path / 'run')
    result = nao('search', *SMALL, '--config.searcher.rounds=2', f'--workdir={workdir}')
    assert result.returncode == 0, result.stderr
    before, after = trials(finished[0]), trials(workdir)
    assert {number: after[number] for number in before} == before
    assert [(row[1], row[2]) for row in list(after.values())[8:]] == [('search', 2)] * 2 + [('baseline', 0)] * 2


def test_another_search_is_refused(finished):
    result = nao('search', *SMALL, '--config.child.epochs=3', '--config.seed=1', f'--workdir={finished[0]}')
    assert result.returncode == 2
    assert 'child.epochs was 1, now 3' in result.stderr
    assert 'seed was 0, now 1' in result.stderr
    assert result.stderr.count('\n') == 1


def test_warm_start(finished, tmp_path):
    warm = (f'--config.warm_start={finished[0]}', '--config.baseline=none')
    result = nao('search', *SMALL, *warm, f'--workdir={tmp_path / "run"}')
    assert result.returncode == 0, result.stderr
    rows = list(trials(tmp_path / 'run').values())
    assert [row[1] for row in rows] == ['warm'] * 8 + ['search'] * 2
    assert len({tuple(row[0]) for row in rows}) == 10
    refused = nao('search', *SMALL, *warm, '--config.child.epochs=2', f'--workdir={tmp_path / "other"}')
    assert refused.returncode == 2
    assert 'do not compare: child.epochs is 1 there and 2 here' in refused.stderr


def test_dry_run_writes_nothing(tmp_path):
    result = nao('search', *SMALL, '--dry_run', f'--workdir={tmp_path / "run"}')
    assert result.returncode == 0, result.stderr
    assert '8 children to train' in result.stdout
    assert 'MB on disk' in result.stdout
    assert not (tmp_path / 'run').exists()


def test_status_and_predict(finished, tmp_path):
    from PIL import Image
    from sklearn.datasets import load_digits

    workdir, _ = finished
    status = nao_here('status', f'--workdir={workdir}')
    assert status.returncode == 0
    assert '8 of 8 children ended' in status.stdout
    for number in range(3):
        pixels = (load_digits().images[number] / 16 * 255).round().astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'{number}.png')
    predicted = nao_here('predict', f'--model={workdir / "best_model.keras"}', f'--images={tmp_path}')
    assert predicted.returncode == 0, predicted.stderr
    rows = [line.split('\t') for line in predicted.stdout.splitlines()]
    assert [row[0].rsplit('/', 1)[-1] for row in rows] == ['0.png', '1.png', '2.png']
    assert all(row[1] in '0123456789' and 0 < float(row[2]) <= 1 for row in rows)


def test_sizes_of_real_children(finished):
    """What a report reads from a work directory."""
    source = open_source(finished[0])
    assert source.network is not None
    for trial in source.finished:
        cells = cells_of(trial.proposal.architecture, source.space)
        assert count_parameters(cells, source.network) == trial.evaluation.parameters
    found = sizes(source.finished, source.space, source.network)
    assert set(found.costs) == {'parameters', 'multiply-adds'}
    assert len(found.costs['multiply-adds']) == len(source.finished)
