import numpy as np
import pytest

from nao_tf.tasks import statistics
from nao_tf.tasks.data import ImageSplit, ImageStore


def split(images, rows):
    return ImageSplit(ImageStore(images), np.array(rows), np.zeros(len(rows), np.int32))


@pytest.mark.parametrize(('low', 'high', 'dtype'), [(0, 256, np.uint8), (0, 1, np.float32), (9000, 9001, np.float32)])
def test_statistics_are_those_of_the_split_alone(low, high, dtype):
    images = np.random.default_rng(0).uniform(low, high, (300, 9, 7, 3)).astype(dtype)
    images[..., 1] = images[..., 1] / 2
    rows = np.arange(0, 300, 3)
    mean, std = statistics.channel_statistics(split(images, rows))
    expected = images[rows].astype(np.float64)
    np.testing.assert_allclose(mean, expected.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(std, expected.std(axis=(0, 1, 2)), rtol=1e-3)
    assert mean.dtype == std.dtype == np.float32


def test_a_constant_channel_can_be_divided_by():
    mean, std = statistics.channel_statistics(split(np.full((4, 3, 3, 1), 7, np.uint8), range(4)))
    assert mean.tolist() == [7]
    assert std.tolist() == [1]


def test_large_data_is_sampled_evenly(monkeypatch):
    monkeypatch.setattr(statistics, 'LARGEST', 100)
    images = np.arange(10_000, dtype=np.float32)[:, None, None, None] * np.ones((1, 2, 2, 1), np.float32)
    mean, std = statistics.channel_statistics(split(images, range(10_000)))
    assert mean[0] == pytest.approx(4999.5, abs=1)
    assert std[0] == pytest.approx(images.std(), rel=0.02)
