"""A work directory in an object store: stopped by SIGTERM there and continued, it ends as one on a disk."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from nao_tf import cli
from nao_tf.files import as_path
from nao_tf.final import classifier
from nao_tf.final.config import default_image_train_config
from nao_tf.final.images import train_classifier
from nao_tf.reports.source import open_source
from nao_tf.search.history import History
from nao_tf.search.journal import Journal
from nao_tf.search.run import run_search
from nao_tf.training.classifier import ClassifierTrainer
from tests.end_to_end.conftest import ROOT

pytestmark = pytest.mark.slow
ARGUMENTS = (
    '--config=configs/digits.py',
    '--config.space.module=tests/support/tiny_space.py',
    '--config.threads=0',
    '--config.child.filters=2',
    '--config.child.epochs=1',
    '--config.child.batch_size=256',
    '--config.searcher.name=random',
    '--config.searcher.initial=2',
    '--config.searcher.rounds=1',
    '--config.searcher.per_round=1',
    '--config.baseline=none',
)


def search(workdir):
    """Runs or continues the search in this process; returns its result and what it printed."""
    config = cli.parse('search', list(ARGUMENTS))[0].config
    output = io.StringIO()
    return run_search(config, workdir, console=Console(file=output, width=200)), output.getvalue()


def trials(folder):
    """Returns what a journal says of each trial."""
    history = History(Journal(folder / 'trials.jsonl').read(), 'tiny')
    return [(t.id, t.batch, t.proposal, t.score, t.evaluation.parameters) for t in history.trials.values()]


def test_search_stopped_by_sigterm_ends_the_same(bucket, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    workdir, place = bucket
    process = subprocess.Popen(
        [sys.executable, '-m', 'nao_tf.cli', 'search', *ARGUMENTS, f'--workdir={workdir}'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )  # fmt: skip
    while process.poll() is None and sum(b'"started"' in part.read_bytes() for part in place.glob('trials/*l')) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert f'the same command continues the search in {workdir}' in output
    assert errors == ''
    assert not (place / '.lock').exists()
    stopped = json.loads(sorted(place.glob('trials/*'))[-1].read_text())['event']
    assert stopped == 'interrupted'

    result, output = search(workdir)
    assert f'continuing {workdir}: ' in output
    whole, _ = search(tmp_path / 'whole')
    assert trials(place) == trials(tmp_path / 'whole')
    assert {**result.summary, 'seconds': 0} == {**whole.summary, 'seconds': 0}
    for mine, other in zip(result.best_model.weights, whole.best_model.weights, strict=True):
        np.testing.assert_array_equal(mine, other)

    Image.new('L', (8, 8), 128).save(place / 'grey.png')
    for command, *options in (
        ('status', f'--workdir={workdir}'),
        ('export', f'--workdir={workdir}', '--format=json', f'--output={workdir}/cell.json'),
        ('predict', f'--model={workdir}/best_model.keras', f'--images={workdir}/grey.png'),
    ):
        assert cli.main(['nao', command, *options]) == 0
    printed = capsys.readouterr().out
    assert '3 of 3 children ended' in printed
    assert f'{workdir}/grey.png\t' in printed
    assert json.loads((place / 'cell.json').read_text())
    assert open_source(as_path(workdir)).network.classes == 10
    train(workdir, place, monkeypatch)


def train(workdir, place, monkeypatch):
    """Trains the best cell of the search, in the store: stopped after two steps and continued."""
    config = default_image_train_config()
    config.architecture = workdir
    config.child.cells_per_stage, config.child.filters, config.child.epochs = 1, 2, 1
    config.child.batch_size, config.child.auxiliary = 256, False
    save, steps = ClassifierTrainer.save_checkpoint, []

    def stop(trainer, path):
        steps.append(trainer.course.step)
        if len(steps) == 3:
            raise KeyboardInterrupt
        save(trainer, path)

    with monkeypatch.context() as patch:
        patch.setattr(classifier, 'CHECKPOINT_SECONDS', 0.0)
        patch.setattr(ClassifierTrainer, 'save_checkpoint', stop)
        with pytest.raises(KeyboardInterrupt):
            train_classifier(config, f'{workdir}/final', console=Console(file=io.StringIO()))
    assert {'config.json', 'checkpoint_1.npz'} <= {path.name for path in (place / 'final').iterdir()}
    output = io.StringIO()
    summary = train_classifier(config, f'{workdir}/final', console=Console(file=output, width=200))
    assert '0.4 of 1 epochs are done' in output.getvalue()
    assert summary == json.loads((place / 'final' / 'summary.json').read_text())
    names = {'config.json', 'trainings.json', 'summary.json', 'best_model.keras', 'last_model.keras'}
    assert names <= {path.name for path in (place / 'final').iterdir()}
    assert not (place / 'final' / 'checkpoint_1.npz').exists()
