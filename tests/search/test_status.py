"""`nao status` of a training, made of the files of its work directory."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.final.config import default_image_train_config
from nao_tf.search.config import flatten
from nao_tf.search.status import print_status


def told(workdir):
    output = io.StringIO()
    print_status(workdir, Console(file=output, width=200))
    return output.getvalue()


@pytest.fixture
def training(tmp_path):
    """The work directory of a training of twelve candidates."""
    config = default_image_train_config()
    config.top_k = 12
    (tmp_path / 'config.json').write_text(json.dumps({**flatten(config), 'data': 'digits'}))
    return tmp_path


def checkpoint(path, epoch):
    np.savez(path, about=np.array(json.dumps({'epoch': epoch, 'step': 9})))


def test_the_checkpoint_of_the_candidate_that_is_under_way(training):
    (training / 'trainings.json').write_text(json.dumps([{}] * 9))
    checkpoint(training / 'checkpoint_2.npz', 77)  # of a candidate whose loss was not finite
    assert 'no checkpoint yet' in told(training)
    checkpoint(training / 'checkpoint_9.npz', 88)
    checkpoint(training / 'checkpoint_10.npz', 5)
    assert '9 of 12 candidates have ended' in told(training)
    assert 'under way: checkpoint at epoch 5, step 9' in told(training)


@pytest.mark.parametrize('summary', [{}, {'metric': 1}, {'metric': 'auc', 'epoch': 3, 'validation': [], 'test': {}}])
def test_a_summary_of_something_else(training, summary):
    (training / 'summary.json').write_text(json.dumps(summary))
    with pytest.raises(InputError, match=r'summary.json is not the summary of a training .*remove it'):
        told(training)


def test_a_metric_that_has_no_value_and_a_loss_that_had_none(training):
    summary = {'metric': 'auc', 'validation': {'auc': 0.75}, 'test': {'auc': None}, 'epoch': 3}
    summary |= {'parameters': 12, 'description': 'the cell'}
    (training / 'summary.json').write_text(json.dumps(summary))
    assert 'finished: validation auc 0.7500, test auc -, weights of epoch 3\n' in told(training)
    (training / 'summary.json').write_text(json.dumps({**summary, 'diverged': 'the training loss is nan'}))
    assert 'weights of epoch 3; the loss was not finite after it' in told(training)
