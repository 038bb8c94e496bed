"""Reports and states of trainings and of shared weights, from work directories written by hand."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.final.config import default_image_train_config, default_train_config
from nao_tf.final.epochs import EPOCHS, EpochLog, read_epochs
from nao_tf.reports.report import make_report
from nao_tf.search.config import default_config, flatten
from nao_tf.search.sharing.checkpoint import CHECKPOINT, save_checkpoint
from nao_tf.search.sharing.config import default_sharing_config
from nao_tf.search.status import print_status
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.writing import describe_cells, pair_to_json
from tests.reports.conftest import ROWS, write_workdir

CELLS = named_cell('NAONet_A').cells
SUMMARY = {
    'metric': 'accuracy',
    'epoch': 2,
    'validation': {'accuracy': 0.91},
    'test': {'accuracy': 0.89},
    'parameters': 1234,
    'multiply_adds': 5678,
    'architecture': pair_to_json(CELLS),
    'description': describe_cells(CELLS),
    'candidates': [
        {'origin': 'trial 3', 'score': 0.91, 'epoch': 2, 'metrics': {'accuracy': 0.91}, 'failure': ''},
        {'origin': 'trial 7', 'score': 0.0, 'epoch': 0, 'metrics': {}, 'failure': 'the loss is not finite'},
    ],
    'origin': 'trial 3',
}
RECORD = {
    'round': 1,
    'epochs': 2,
    'loss': 2.1,
    'scored': 12,
    'failed': 1,
    'mean_score': 0.5,
    'best_score': 0.75,
    'mean_new': 0.4,
    'mean_predicted': None,
    'origins': {'random': 12},
    'controller': None,
}


def write_config(folder, config, **fields):
    folder.mkdir()
    flat = {**flatten(config), 'data': 'digits', **{name.replace('__', '.'): value for name, value in fields.items()}}
    (folder / 'config.json').write_text(json.dumps(flat))
    return folder


@pytest.fixture
def training(tmp_path):
    folder = write_config(tmp_path / 'training', default_image_train_config(), top_k=2, child__epochs=3)
    log = EpochLog(folder)
    log.add(1, {'loss': 2.0, 'score': 0.5})
    log.add(2, {'loss': 1.5, 'score': 0.6})
    log.add(2, {'loss': 1.4, 'score': 0.7})  # done again
    log.add(1, {'loss': None, 'score': None}, candidate=2)
    log.close()
    return folder


def write_sharing(folder, records):
    state = {'round': len(records), 'epoch': 2 * len(records), 'records': records}
    state['seconds'] = {'training': 9.0, 'scoring': 2.0, 'controller': 1.0}
    save_checkpoint(folder / CHECKPOINT, sizes={'epochs': 2, 'rounds': 1}, state=state, arrays={'w': np.zeros(2)})


def status(folder):
    said = io.StringIO()
    print_status(folder, Console(file=said, width=200))
    return said.getvalue()


def test_a_search_that_has_just_begun(tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps({**flatten(default_config()), 'data': 'digits'}))
    assert '0 of 1000 children ended' in status(tmp_path)
    (tmp_path / 'config.json').write_text('{}')
    with pytest.raises(InputError, match='holds no search and no training'):
        status(tmp_path)


def test_the_later_line_of_an_epoch_counts(training, tmp_path):
    epochs, damaged = read_epochs(training)
    assert not damaged
    assert [(row['epoch'], row['loss']) for row in epochs[1]] == [(1, 2.0), (2, 1.4)]
    assert epochs[2][0]['loss'] is None
    nothing = EpochLog(None)
    nothing.add(1, {'loss': 1.0})
    nothing.close()
    assert read_epochs(tmp_path) == ({}, [])


def test_a_training_under_way(training):
    page = make_report(training).read_text()
    assert 'under way: candidate 2 of 2: 1 of 3 epochs' in page
    assert (training / 'report' / 'epochs.png').stat().st_size > 10_000
    said = status(training)
    assert 'training of NAONet_A on digits, 3 epochs' in said
    assert '0 of 2 candidates have ended' in said
    assert 'no checkpoint yet' in said
    with open(training / 'checkpoint_1.npz', 'wb') as file:
        best = {'score': 0.7, 'epoch': 1, 'metrics': {'accuracy': 0.7}}
        np.savez(file, about=np.array(json.dumps({'step': 40, 'best': best})))
    assert 'under way: checkpoint at step 40, best accuracy 0.7000' in status(training)


def test_a_training_that_has_ended(training):
    (training / 'summary.json').write_text(json.dumps(SUMMARY))
    page = make_report(training).read_text()
    for text in ('0.9100', '0.8900', '1,234', '5,678', 'trial 7', 'the loss is not finite', 'id="cell"', 'id="epochs"'):
        assert text in page
    assert 'finished: validation accuracy 0.9100, test accuracy 0.8900, weights of epoch 2' in status(training)


def test_a_training_of_a_text_and_one_without_an_epoch(tmp_path):
    folder = write_config(tmp_path / 'text', default_train_config())
    with pytest.raises(InputError, match='no epoch has ended yet'):
        make_report(folder)
    log = EpochLog(folder)
    log.add(1, {'loss': 5.0, 'perplexity': 140.0})
    log.close()
    assert 'id="epochs"' in make_report(folder).read_text()
    assert (folder / EPOCHS).exists()


def test_shared_weights_under_way(tmp_path):
    folder = write_config(tmp_path / 'sharing', default_sharing_config())
    write_sharing(folder, [])
    assert 'No round has been scored yet' in make_report(folder).read_text()
    write_sharing(folder, [RECORD])
    page = make_report(folder).read_text()
    assert '2 of 4 epochs trained, 1 of 2 rounds scored' in page
    assert 'id="sharing"' in page
    assert 'no architecture has been trained on its own yet' in page
    assert 'shared weights: 2 of 4 epochs trained, 1 of 2 rounds scored' in status(folder)


def test_shared_weights_that_have_ended(tmp_path):
    folder = write_workdir(tmp_path / 'sharing', ROWS[:2])
    write_sharing(folder, [RECORD, {**RECORD, 'round': 2, 'mean_predicted': 0.6}])
    page = make_report(folder).read_text()
    assert '<h2 id="shared-weights">' in page
    assert '<h2 id="best-cells">' in page
