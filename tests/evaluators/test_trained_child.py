"""The trained child: its seed, its score, and the file that it leaves."""

import keras
import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.evaluators import child
from nao_tf.evaluators.base import child_seed
from nao_tf.evaluators.child import save_model
from nao_tf.evaluators.predict import load_classifier, predictions
from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.networks import depthwise
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.tasks.make import make_task
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.config import TrainConfig
from tests.support import graphs, tiny_space

SPACE = tiny_space.SPACE


@pytest.fixture(scope='module')
def evaluator():
    task = make_task({'name': 'digits'})
    network = NetworkConfig(cells_per_stage=1, filters=2, image_shape=task.image_shape, classes=task.classes)
    training = TrainConfig(epochs=1, batch_size=128, score='last')
    return TrainedChild(task, SPACE, network=network, training=training, seed=7)


def cell(seed):
    return SPACE.canonical(SPACE.sample(np.random.default_rng(seed)))


def test_seed_depends_on_search_and_cell_only():
    seeds = {child_seed(seed, cell(number)) for seed in range(3) for number in range(3)}
    assert len(seeds) == 9
    assert child_seed(0, cell(0)) == child_seed(0, cell(0))
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_score_does_not_depend_on_the_order(evaluator):
    first = [evaluator.evaluate(cell(number)) for number in (0, 1)]
    second = [evaluator.evaluate(cell(number)) for number in (1, 0)]
    assert [e.score for e in first] == [e.score for e in reversed(second)]
    assert [e.metrics for e in first] == [e.metrics for e in reversed(second)]
    assert first[0].parameters == count_parameters(SPACE.cells(cell(0)), evaluator.network_config)
    assert first[0].seconds > 0


def test_its_graphs_go_with_it(evaluator, monkeypatch):
    monkeypatch.setattr(depthwise, '_by_onednn', lambda: True)  # whose gradient is one of ours
    space = ConvCellSpace('separable', ('identity', 'sep_conv 5x5'), nodes=1)
    child = TrainedChild(evaluator.task, space, network=evaluator.network_config, training=evaluator.training, seed=7)
    words = 'node_2 sep_conv 5x5 node_1 identity 1x1 node_2 identity 1x1 node_1 sep_conv 5x5'
    architecture = space.parse_words(words.split())
    child.evaluate(architecture)
    held = graphs.held()
    child.evaluate(architecture)
    assert graphs.held() == held


def test_a_model_of_another_range_refuses_image_files(evaluator, tmp_path):
    task = evaluator.task
    names = task.class_names
    model = ImageClassifier(evaluator.build(cell(0), 0), task.mean.tolist(), task.std.tolist(), names, white=None)
    assert model.pixels == 'of the range of the training images'
    save_model(model, tmp_path / 'a.keras')
    with pytest.raises(InputError, match=r'a.keras was trained on images whose values are not between 0 and 255'):
        list(predictions(tmp_path / 'a.keras', [tmp_path]))


def test_saved_child_scores_the_same(evaluator, tmp_path):
    evaluation = evaluator.evaluate(cell(2))
    path = tmp_path / 'children' / 'best.keras'
    evaluator.save(path)
    assert [entry.name for entry in path.parent.iterdir()] == ['best.keras']
    model = load_classifier(path)
    images, labels = evaluator.task.arrays('valid')
    assert np.mean(model.predict(images, verbose=0).argmax(1) == labels) == pytest.approx(evaluation.score)
    test = evaluator.test_metrics(model)
    images, labels = evaluator.task.arrays('test')
    assert test['accuracy'] == pytest.approx(np.mean(model.predict(images, verbose=0).argmax(1) == labels))
    whole = model.predict(images, batch_size=evaluator.training.batch_size, verbose=0)
    assert test == evaluator.task.score(labels, whole), 'one batch after the other'
    assert [len(batch) for batch in evaluator.task.raw_batches('test', 128)] == [128, 128, len(labels) - 256]


def test_models_that_are_no_classifiers(tmp_path):
    with pytest.raises(InputError, match='there is no model file'):
        load_classifier(tmp_path / 'absent.keras')
    damaged = tmp_path / 'damaged.keras'
    damaged.write_bytes(b'not a model')
    with pytest.raises(InputError, match=r'is no .keras file, or is damaged'):
        load_classifier(damaged)
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.save(tmp_path / 'other.keras')
    with pytest.raises(InputError, match='holds a Sequential, not an image classifier'):
        load_classifier(tmp_path / 'other.keras')


def test_stopped_child_is_continued_inside_its_training(evaluator, tmp_path, monkeypatch):
    whole = evaluator.evaluate(cell(4))
    monkeypatch.setattr(child, 'CHECKPOINT_SECONDS', 0.0)
    monkeypatch.setattr(evaluator, 'checkpoints', tmp_path / 'children')
    save, steps = ClassifierTrainer.save_checkpoint, []

    def save_three_times(trainer, path):
        save(trainer, path)
        steps.append(trainer.course.step)
        if len(steps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ClassifierTrainer, 'save_checkpoint', save_three_times)
    with pytest.raises(KeyboardInterrupt):
        evaluator.evaluate(cell(4))
    assert len(list((tmp_path / 'children').iterdir())) == 1
    again = evaluator.evaluate(cell(4))
    assert steps[:4] == [1, 2, 3, 4]  # the fourth is the first of the second attempt
    assert (again.score, again.metrics) == (whole.score, whole.metrics)
    assert not list((tmp_path / 'children').iterdir())
