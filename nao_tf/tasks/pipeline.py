"""The input pipeline: traced once per batch size, then only re-seeded, so that a thousand trainings can share it."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nao_tf.tasks import augment
from nao_tf.tasks.data import ImageData, ImageSplit
from nao_tf.tasks.layout import ELEMENT, Layout

AHEAD = 8  # batches computed ahead of their use
PARALLEL = min(os.cpu_count() or 1, 16)  # batches computed at a time; each takes memory


@dataclasses.dataclass(frozen=True)
class StreamKey:
    """The numbers that order and augmentation of one training are derived from.

    Args:
        order: uint64 [1, 3].
        augmentation: uint64 [1].
    """

    order: np.ndarray | tf.Tensor
    augmentation: np.ndarray | tf.Tensor

    @classmethod
    def from_seed(cls, seed: int) -> StreamKey:
        """Returns the key of a seed, any integer from 0 on; near seeds give unrelated keys."""
        words = np.random.SeedSequence(seed).generate_state(4, np.uint64)
        return cls(words[None, :3], words[3:])


def mixed(words: tf.Tensor) -> tf.Tensor:
    """Returns uint64 words, each turned into an unrelated one: the finaliser of SplitMix64 (Steele et al., 2014)."""
    words = (words ^ tf.bitwise.right_shift(words, np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ tf.bitwise.right_shift(words, np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return tf.bitwise.right_shift(words, np.uint64(31))


def shuffled_positions(key: StreamKey, step: tf.Tensor, *, batch_size: int, size: int) -> tf.Tensor:
    """Returns which images form batch `step` of an endless stream that is reshuffled every epoch.

    The stream is epoch after epoch without a gap: a batch may take the end of one epoch and the start of the next,
    no image is dropped, and nothing has to be remembered to continue at any step.

    Args:
        key: of the training.
        step: int64 scalar, counted from 0.
        batch_size: B.
        size: number of images in an epoch.

    Returns:
        int64 [B], positions 0 to size - 1.
    """
    stream = step * batch_size + np.arange(batch_size)
    epoch = tf.expand_dims(tf.cast(stream // size, tf.uint64), 1)
    # One permutation of 0 to size - 1 for each (key, epoch), computed place by place: nothing of size n is stored.
    # It takes as few as 8 bits of each word and is weak where keys are alike, so the epoch must not be one of them;
    # with its smallest number of rounds, 4, an image of a small set is measurably more often at some places.
    words = mixed(key.order + epoch * np.uint64(0x9E3779B97F4A7C15))
    return tf.raw_ops.RandomIndexShuffle(index=stream % size, seed=words, max_index=size - 1, rounds=8)


class Pipeline:
    """Makes the datasets of one task.

    A tf.data map function is traced and kept by TensorFlow whenever a dataset is built from Python. Here the datasets
    of all trainings come out of one traced function that takes the seed and the steps as tensors.

    Args:
        data: the images and their splits.
        augmentation: what is done to training images.
        mean: [C], in units of the raw pixels.
        std: [C], in units of the raw pixels.
    """

    def __init__(
        self,
        data: ImageData,
        augmentation: augment.Augmentation,
        *,
        mean: np.ndarray,
        std: np.ndarray,
    ):
        self._data = data
        self._augmentation = augmentation
        self._mean, self._std = mean, std
        self._makers: dict[Layout, Callable[..., tf.data.Dataset]] = {}
        self._evaluations: dict[tuple[str, Layout], tf.data.Dataset] = {}

    def train(self, layout: Layout, *, seed: int, steps: int, start_step: int) -> tf.data.Dataset:
        """See `ImageTask.train_batches`."""
        with tf.device('CPU:0'):
            if layout not in self._makers:
                self._makers[layout] = self._train_maker(layout)
            key = StreamKey.from_seed(seed)
            span = np.array([start_step, steps], np.int64)
            return self._makers[layout](tf.constant(key.order), tf.constant(key.augmentation), tf.constant(span))

    def evaluation(self, name: str, layout: Layout) -> tf.data.Dataset:
        """See `ImageTask.eval_batches`."""
        with tf.device('CPU:0'):
            if (name, layout) not in self._evaluations:
                self._evaluations[name, layout] = self._evaluation_dataset(self._data.splits[name], layout)
            return self._evaluations[name, layout]

    def _train_maker(self, layout: Layout) -> Callable[..., tf.data.Dataset]:
        """Returns the function (order key, augmentation key, [start_step, steps]) -> Dataset."""
        split = self._data.splits['train']
        batch_size = layout.batch_size
        take = _taker(split, len(layout.flat))
        labels = tf.constant(split.labels)
        weights = layout.weights
        size, shape = split.size, self._data.image_shape

        def batch(key: StreamKey, step: tf.Tensor) -> ELEMENT:
            positions = shuffled_positions(key, step, batch_size=batch_size, size=size)
            draws = augment.draw(
                self._augmentation, shape, batch_size=batch_size, key=key.augmentation, step=tf.cast(step, tf.uint64)
            )
            if layout.rows is not None:
                positions, draws = tf.gather(positions, layout.flat), draws.rows(layout.flat)
            images = augment.change(take(positions), draws, self._augmentation)
            images = augment.normalise_and_cut_out(images, draws, self._augmentation, mean=self._mean, std=self._std)
            return images, tf.gather(labels, positions), tf.constant(weights)

        def make(order: tf.Tensor, augmentation: tf.Tensor, span: tf.Tensor) -> tf.data.Dataset:
            return _fed(
                tf.data.Dataset.range(span[0], span[1]),
                functools.partial(batch, StreamKey(order, augmentation)),
                layout,
            )

        return tf.function(make, autograph=False)

    def _evaluation_dataset(self, split: ImageSplit, layout: Layout) -> tf.data.Dataset:
        batch_size = layout.batch_size
        take = _taker(split, len(layout.flat))
        labels = tf.constant(split.labels)

        def batch(step: tf.Tensor) -> ELEMENT:
            stream = step * batch_size + layout.flat
            positions = tf.minimum(stream, split.size - 1)
            weights = tf.cast(stream < split.size, tf.float32)
            if layout.rows is not None:
                weights *= layout.weights
            images = augment.normalise(take(positions), mean=self._mean, std=self._std)
            return images, tf.gather(labels, positions), weights

        return _fed(tf.data.Dataset.range(-(-split.size // batch_size)), batch, layout)


def _taker(split: ImageSplit, batch_size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function positions int64 [B] -> raw images [B, H, W, C] of one split."""
    rows = tf.constant(split.rows)
    store = split.store
    if store.tensor is not None:
        tensor = store.tensor
        return lambda positions: tf.gather(tensor, tf.gather(rows, positions))

    def take(positions: tf.Tensor) -> tf.Tensor:
        images = tf.numpy_function(store.array.__getitem__, [tf.gather(rows, positions)], store.array.dtype)
        return tf.ensure_shape(images, (batch_size, *store.array.shape[1:]))

    return take


def _fed(steps: tf.data.Dataset, batch: Callable[..., ELEMENT], layout: Layout) -> tf.data.Dataset:
    """Returns the elements of the given steps, computed in parallel and ahead of their use, in their order."""
    options = tf.data.Options()
    # There is nothing to rewrite in these two stages, and looking for it costs a third of an iterator's start.
    options.experimental_optimization.apply_default_optimizations = False
    # Without files to share out, workers take turns with the batches.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    # The tuner's thread can hold up the end of an iterator for seconds, which a search of short trainings would feel.
    options.autotune.enabled = False
    dataset = steps.map(lambda step: layout.parts(batch(step)), num_parallel_calls=PARALLEL, deterministic=True)
    return dataset.prefetch(AHEAD).with_options(options)
