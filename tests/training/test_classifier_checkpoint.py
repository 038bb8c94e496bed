"""A training that is stopped anywhere, inside an epoch too, continues as if it had not been stopped."""

import dataclasses

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.tasks.make import make_task
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.classifier_checkpoint import load_checkpoint, save_checkpoint
from nao_tf.training.distribution import OFF, Distribution
from tests.support.distributed import CELLS, CONFIG

RECIPE = dataclasses.replace(CONFIG, epochs=2, batch_size=256, score='best')


class Stop(Exception):
    """The training is stopped."""


@pytest.fixture(scope='module')
def task():
    return make_task({'name': 'digits'})


def make(task, distribution=OFF, recipe=RECIPE, **options):
    config = NetworkConfig(
        cells_per_stage=1, filters=2, image_shape=task.image_shape, classes=10, drop_path_keep=0.8, dense_keep=0.8
    )
    network = CellNetwork(CELLS, config, seed=3, **options)
    return ClassifierTrainer(network, task, config=recipe, seed=5, distribution=distribution)


def values(trainer):
    return [variable.numpy() for variable in (*trainer.network.variables, *trainer.optimizer.slots)]


def test_patience_ends_a_training_that_does_not_get_better(task):
    seen = []
    fields = {'epochs': 30, 'learning_rate': 0.0, 'weight_decay': 0.0, 'patience': 2}
    trainer = make(task, recipe=dataclasses.replace(RECIPE, **fields))
    result = trainer.train(on_epoch=lambda epoch, score: seen.append(score))
    assert len(seen) == result.epoch + 2 < 30
    assert trainer.ended
    assert max(seen[result.epoch :]) <= result.score == seen[result.epoch - 1]


@pytest.mark.parametrize('policy', ['float32', 'mixed_float16'])
def test_stopped_anywhere_ends_the_same(task, tmp_path, policy):
    whole = make(task, dtype=policy)
    result = whole.train()
    assert (whole.loss_scale is not None) == (policy == 'mixed_float16')
    assert whole.total_steps > 8
    file = tmp_path / 'checkpoint.npz'
    for stops in ((3, whole.steps_per_epoch), (whole.steps_per_epoch + 2,)):
        for stop in (*stops, None):
            trainer = make(task, dtype=policy)
            if file.exists():
                load_checkpoint(trainer, file)

            def on_loop(trainer=trainer, stop=stop):
                if trainer.course.step == stop:
                    save_checkpoint(trainer, file)
                    raise Stop

            if stop is None:
                assert trainer.train(on_loop=on_loop) == result
            else:
                with pytest.raises(Stop):
                    trainer.train(on_loop=on_loop)
        for mine, other in zip(values(trainer), values(whole), strict=True):
            np.testing.assert_array_equal(mine, other)
        file.unlink()


def test_steps_of_a_loop_change_nothing(task):
    one, many = make(task), make(task, Distribution(steps_per_loop=3))
    calls = []
    result = many.train(on_loop=lambda: calls.append(many.course.step))
    assert calls[:3] == [3, many.steps_per_epoch, many.steps_per_epoch + 3]  # a loop ends with its epoch
    assert result == one.train()
    for mine, other in zip(values(one), values(many), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_damaged_checkpoints(task, tmp_path):
    file = tmp_path / 'checkpoint.npz'
    trainer = make(task)
    save_checkpoint(trainer, file)
    file.write_bytes(file.read_bytes()[:-300])
    with pytest.raises(InputError, match=r'checkpoint.npz is no checkpoint of this training .* remove it'):
        load_checkpoint(trainer, file)
    np.savez(file, other=np.zeros(3))
    with pytest.raises(InputError, match='about is not a file in the archive'):
        load_checkpoint(trainer, file)
