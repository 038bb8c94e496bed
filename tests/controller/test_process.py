"""The Gaussian process on embeddings against scikit-learn's, and what the search asks of it."""

import numpy as np
import pytest
import scipy.stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from nao_tf.controller.process import Process

POINTS, STATES, WIDTH = 24, 4, 6


@pytest.fixture
def embeddings(rng):
    values = rng.normal(size=(60, STATES, WIDTH))
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def process(embeddings):
    process = Process(embeddings, points=40)
    process.fit(embeddings[:POINTS], targets(embeddings[:POINTS]))
    return process


def targets(embeddings):
    return np.sin(3 * embeddings.mean(axis=1)[:, 0]) + embeddings[:, 1, 2]


def alone(process, index=0):
    """Leaves one kernel, so that closed forms of one Gaussian process hold."""
    process.components = [process.components[index]._replace(weight=1.0)]
    return process.components[0]


def joined(process, part, embeddings):
    """Inputs whose squared distance is the mixture's."""
    means, states = process.distance.inputs(embeddings)
    return np.concatenate([means * part.kernel.share**0.5, states * (1 - part.kernel.share) ** 0.5], axis=1)


def test_one_kernel_is_scikit_learns_process(process, embeddings):
    part = alone(process)
    reference = GaussianProcessRegressor(RBF(part.kernel.length), alpha=part.kernel.noise, optimizer=None)
    reference.fit(joined(process, part, embeddings[:POINTS]), process.targets)
    mean, covariance = reference.predict(joined(process, part, embeddings[POINTS:]), return_cov=True)
    ours, own_covariance = process.posterior(embeddings[POINTS:])
    offset = targets(embeddings[:POINTS]).mean()
    np.testing.assert_allclose(ours, mean + offset, atol=1e-5)
    np.testing.assert_allclose(own_covariance, part.variance * covariance, atol=1e-5)


def test_the_average_is_that_of_a_mixture(process, embeddings):
    parts = process.components
    np.testing.assert_allclose(process.mean(embeddings), process.posterior(embeddings)[0], atol=1e-8)
    assert len(parts) > 1
    assert sum(part.weight for part in parts) == pytest.approx(1.0)
    means, variances = [], []
    for part in parts:
        process.components = [part._replace(weight=1.0)]
        mean, covariance = process.posterior(embeddings[POINTS:])
        means.append(mean)
        variances.append(np.diag(covariance))
    process.components = parts
    weights = np.array([part.weight for part in parts])
    mean, covariance = process.posterior(embeddings[POINTS:])
    np.testing.assert_allclose(mean, weights @ means, atol=1e-8)
    expected = weights @ (np.array(variances) + np.square(means)) - mean**2
    np.testing.assert_allclose(np.diag(covariance), expected, atol=1e-6)


def test_the_gradient_is_that_of_finite_differences(process, embeddings):
    points = embeddings[POINTS : POINTS + 3]
    gradient = process.slope(points, 1.5)
    for row, state, unit in [(0, 0, 0), (1, 2, 3), (2, 3, 5)]:
        bump = np.zeros(points.shape)
        bump[row, state, unit] = 2e-3
        up, down = (process.optimistic(points + sign * bump, 1.5)[row] for sign in (1, -1))
        assert gradient[row, state, unit] == pytest.approx((up - down) / 4e-3, rel=2e-2, abs=2e-3)


def test_leaving_one_out_is_leaving_one_out(process, embeddings):
    part = alone(process)
    left_out, scores = process.leave_one_out()
    inputs = joined(process, part, embeddings[:POINTS])
    np.testing.assert_array_equal(scores, process.targets)
    for index in (0, 7, 23):
        keep = np.arange(POINTS) != index
        reference = GaussianProcessRegressor(RBF(part.kernel.length), alpha=part.kernel.noise, optimizer=None)
        reference.fit(inputs[keep], scores[keep])
        assert left_out[index] == pytest.approx(reference.predict(inputs[[index]])[0], abs=1e-5)


def test_log_density_is_the_normal_distributions(process, embeddings):
    mean, covariance = process.posterior(embeddings[POINTS:])
    values = targets(embeddings[POINTS:])
    expected = scipy.stats.norm.logpdf(values, mean, np.sqrt(np.diag(covariance) + process.noise))
    np.testing.assert_allclose(process.log_density(embeddings[POINTS:], values), expected, atol=1e-8)


def test_a_batch_does_not_take_what_its_first_one_tells(process, embeddings):
    candidates = np.concatenate([embeddings[POINTS:], embeddings[POINTS:]])  # every one twice
    count = len(embeddings) - POINTS
    chosen = process.choose(candidates, 5, 20.0)
    assert len({index % count for index in chosen}) == 5
    assert chosen[0] == int(np.argmax(process.optimistic(candidates, 20.0)))
    assert len(process.choose(candidates[:3], 5, 1.0)) == 3


def test_at_most_so_many_points_and_the_best_among_them(embeddings):
    process = Process(embeddings, points=10)
    scores = np.arange(60.0)[::-1].copy()
    process.fit(embeddings, scores)
    assert len(process.targets) == 10
    kept = process.targets + scores[[*range(5), *range(55, 60)]].mean()
    np.testing.assert_allclose(kept, scores[[*range(5), *range(55, 60)]])


def test_one_point_and_equal_points(embeddings):
    process = Process(embeddings, points=10)
    for count in (1, 5):
        process.fit(embeddings[:count], np.zeros(count))
        mean, covariance = process.posterior(embeddings)
        assert np.all(np.isfinite(mean))
        assert np.all(np.isfinite(covariance))
        assert np.all(np.isfinite(process.slope(embeddings[:5], 1.0)))


def test_a_batch_of_many_candidates_comes_from_the_most_optimistic(embeddings, rng):
    process = Process(embeddings, points=40)
    process.fit(embeddings[:POINTS], targets(embeddings[:POINTS]))
    many = rng.normal(size=(500, STATES, WIDTH))
    many /= np.linalg.norm(many, axis=-1, keepdims=True)
    chosen = process.choose(many, 7, 1.0)
    assert len(set(chosen)) == 7
    assert set(chosen) <= set(np.argsort(-process.optimistic(many, 1.0), kind='stable')[:200].tolist())


def test_more_architectures_than_points_are_left_out_one_by_one(embeddings):
    process = Process(embeddings, points=10)
    process.fit(embeddings, targets(embeddings))
    means, scores = process.leave_one_out()
    assert means.shape == scores.shape == (10,)
