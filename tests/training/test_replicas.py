"""Two logical processors train as one does: losses, weights, statistics, scores, for images and for text.

TensorFlow's processors are fixed when a process begins, so all of it runs in one of its own.
"""

import json

import numpy as np
import pytest

from tests.support import forks

# Of float32, after eight steps of a batch that is cut in two: the order of sums is all that differs.
TOLERANCE = 2e-5

SCRIPT = """
import json
import sys

import numpy as np
import tensorflow as tf

from tests.support.distributed import (
    Distribution, losses_of, make_language_trainer, make_trainer, two_processors, weights_of
)

mirrored = two_processors(steps_per_loop=4)
tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})  # as short trainings do
one, two = make_trainer(Distribution()), make_trainer(mirrored)
found = {'losses': [losses_of(trainer, 8).tolist() for trainer in (one, two)], 'replicas': two.replicas.count}
found['scores'] = [trainer.evaluate('valid') for trainer in (one, two)]
weights = [weights_of(trainer) for trainer in (one, two)]
found['weights'] = {
    name: float(abs(weights[1][name] - value).max() / max(abs(value).max(), 0.1)) for name, value in weights[0].items()
}


def spread(trainer):
    replicas = [trainer.replicas.strategy.experimental_local_results(v.value) for v in trainer.network.variables]
    return max(float(abs(first.numpy() - second.numpy()).max()) for first, second in replicas)


local = make_trainer(mirrored, batch_norm='local')
found['local'] = losses_of(local, 8).tolist()
found['spread'] = [spread(two), spread(local)]
local.evaluate('valid')
found['spread'].append(spread(local))
found['perplexities'] = []
for distribution in (Distribution(), mirrored):
    epochs = []
    make_language_trainer(distribution).train(lambda epoch, perplexity: epochs.append(perplexity))
    found['perplexities'].append(epochs)
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    result = forks.run_script(SCRIPT, tmp_path_factory.mktemp('found'), TF_CPP_MIN_LOG_LEVEL='2')
    assert not result.returncode, result.stderr
    return json.loads(result.stdout)


@pytest.mark.slow
def test_same_loss_curve_as_one_device(found):
    one, two = found['losses']
    assert found['replicas'] == 2
    assert len(set(one)) == 8
    np.testing.assert_allclose(two, one, atol=TOLERANCE)


@pytest.mark.slow
def test_same_weights_statistics_and_scores(found):
    assert max(found['weights'].values()) < 1e-3, max(found['weights'].items(), key=lambda item: item[1])
    assert any('moving_variance' in name for name in found['weights'])
    one, two = found['scores']
    assert two == pytest.approx(one, abs=0.02)


@pytest.mark.slow
def test_replicas_differ_in_local_statistics_until_they_are_evaluated(found):
    synchronized, local, evaluated = found['spread']
    assert synchronized == 0
    assert local > 1e-3
    assert evaluated == 0
    assert np.isfinite(found['local']).all()
    assert np.abs(np.subtract(found['local'], found['losses'][0])).max() > 1e-3


@pytest.mark.slow
def test_same_perplexities_as_one_device(found):
    one, two = found['perplexities']
    assert len(one) == 2
    np.testing.assert_allclose(two, one, rtol=1e-4)
