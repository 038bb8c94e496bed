"""The recurrent child: its score, and the file that it leaves."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.evaluators.predict import load_classifier
from nao_tf.evaluators.recurrent_child import RecurrentChild
from nao_tf.networks.language_model import LanguageModel
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import make_task
from nao_tf.training.language_config import LanguageTrainConfig
from tests.support import graphs

SPACE = get_space('nao_rnn')
SCRIPT = """
import sys
import keras
import nao_tf
import numpy as np

model = keras.models.load_model(sys.argv[1])
print(model.vocabulary[:2], float(np.abs(model.predict(np.load(sys.argv[2]), verbose=0) - np.load(sys.argv[3])).max()))
"""


@pytest.fixture(scope='module')
def evaluator():
    task = make_task({'name': 'pydoc', 'min_count': 20, 'train_tokens': 4000})
    network = RecurrentConfig(vocabulary=len(task.vocabulary), hidden=8)
    training = LanguageTrainConfig(
        epochs=1, batch_size=16, eval_batch_size=32, sequence_length=20, random_length=False, averaging_patience=0
    )
    return RecurrentChild(task, SPACE, network=network, training=training, seed=7)


def cell(seed):
    return SPACE.canonical(SPACE.sample(np.random.default_rng(seed)))


def test_its_graphs_go_with_it(evaluator):
    evaluator.evaluate(cell(0))
    held = graphs.held()
    evaluator.evaluate(cell(0))
    assert graphs.held() == held


def test_score_does_not_depend_on_the_order(evaluator):
    first = [evaluator.evaluate(cell(number)) for number in (0, 1)]
    second = [evaluator.evaluate(cell(number)) for number in (1, 0)]
    assert [e.score for e in first] == [e.score for e in reversed(second)]
    assert [e.metrics for e in first] == [e.metrics for e in reversed(second)]
    for evaluation in first:
        assert evaluator.task.metric_of(evaluation.score) == pytest.approx(evaluation.metrics['perplexity'])
    assert first[0].parameters == sum(np.prod(variable.shape) for variable in evaluator.network.trained)


def test_better_perplexity_is_a_better_score(evaluator):
    evaluations = [evaluator.evaluate(cell(number)) for number in range(3)]
    by_score = sorted(evaluations, key=lambda evaluation: -evaluation.score)
    assert by_score == sorted(evaluations, key=lambda evaluation: evaluation.metrics['perplexity'])


def test_saved_child_scores_the_same_in_a_fresh_process(evaluator, tmp_path):
    evaluation = evaluator.evaluate(cell(2))
    path = tmp_path / 'children' / 'best.keras'
    evaluator.save(path)
    assert [entry.name for entry in path.parent.iterdir()] == ['best.keras']
    model = keras.models.load_model(path)
    assert isinstance(model, LanguageModel)
    assert model.vocabulary == evaluator.task.vocabulary
    trainer = evaluator.trainer(model.network, 0)
    assert trainer.evaluate('valid')['perplexity'] == pytest.approx(evaluation.metrics['perplexity'])
    assert evaluator.test_metrics(model) == trainer.evaluate('test')
    ids = np.random.default_rng(0).integers(len(model.vocabulary), size=(40, 6))  # more than one batch of predict
    probabilities = model.predict(ids, verbose=0)
    assert probabilities.shape == (40, 6, len(model.vocabulary))
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)
    np.save(tmp_path / 'ids.npy', ids)
    np.save(tmp_path / 'probabilities.npy', probabilities)
    files = [path, tmp_path / 'ids.npy', tmp_path / 'probabilities.npy']
    result = subprocess.run(
        [sys.executable, '-c', SCRIPT, *map(str, files)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    words, difference = result.stdout.strip().rsplit(' ', 1)
    assert words == str(model.vocabulary[:2])
    assert float(difference) < 1e-6


def test_saved_probabilities_are_of_the_words_that_follow(evaluator):
    """The model's own probabilities give the perplexity that it was scored by."""
    evaluator.evaluate(cell(3))
    trainer = evaluator.trainer(evaluator.network, 0)
    model = evaluator.model(evaluator.network)
    segment = next(evaluator.task.eval_segments('valid', 32, 20))
    probabilities = model.predict(segment.inputs.T, verbose=0)
    chosen = np.take_along_axis(probabilities, segment.targets.T[..., None], -1)
    state = evaluator.network.initial_state(32)
    total, _ = trainer.losses([segment], state, 0)
    assert float(total[0]) == pytest.approx(float(-np.log(chosen).sum()), rel=1e-4)


def test_no_classifier(evaluator, tmp_path):
    evaluator.evaluate(cell(0))
    evaluator.save(tmp_path / 'model.keras')
    with pytest.raises(InputError, match='holds a LanguageModel, not an image classifier'):
        load_classifier(tmp_path / 'model.keras')


def test_vocabulary_of_another_size(evaluator):
    evaluator.evaluate(cell(0))
    with pytest.raises(InputError, match='words need as many names, not 1'):
        LanguageModel(evaluator.network, ['word'])
