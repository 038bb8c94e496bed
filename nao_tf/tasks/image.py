"""ImageTask: classify images; data, augmentation, class weights and metric in one value."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.tasks.augment import Augmentation
from nao_tf.tasks.data import SPLITS, ImageData, ImageSplit
from nao_tf.tasks.layout import Layout
from nao_tf.tasks.metrics import METRICS, classification_metrics
from nao_tf.tasks.pipeline import Pipeline
from nao_tf.tasks.statistics import channel_statistics

CLASS_WEIGHTS = ('none', 'balanced')
NO_AUGMENTATION = Augmentation()


@dataclasses.dataclass(frozen=True, eq=False)
class ImageTask:
    """Image classification: what a child network is trained on and judged by.

    The test split serves the last evaluation only; nothing here reads it unless it is asked for by name.

    Args:
        name: of the data, as the config writes it.
        data: the images in their splits.
        augment: what is done to training images.
        metric: which of `score`'s figures is the score to maximise: accuracy, balanced_accuracy or auc.
        class_weight: `none`, or `balanced`: an image weighs n / (classes * images of its class), which is 1 on
            average over the training split.

    Raises:
        InputError: if the metric or class weight does not exist or the augmentation does not fit the images.
    """

    name: str
    data: ImageData
    augment: Augmentation = NO_AUGMENTATION
    metric: str = 'accuracy'
    class_weight: str = 'none'

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise InputError(f'task.metric {self.metric!r} does not exist; there are {", ".join(METRICS)}')
        if self.class_weight not in CLASS_WEIGHTS:
            raise InputError(f'task.class_weight is {self.class_weight!r}; it is one of {", ".join(CLASS_WEIGHTS)}')
        self.augment.check(self.image_shape)

    def __getstate__(self) -> dict[str, Any]:
        """Pickles everything but the traced pipeline, which every process makes for itself."""
        return {name: value for name, value in vars(self).items() if name != '_pipeline'}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of every image."""
        return self.data.image_shape

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class, in the order of the labels."""
        return self.data.class_names

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.data.class_names)

    @property
    def splits(self) -> Mapping[str, int]:
        """Number of images in each split that there is: train, valid, test."""
        return {name: self.data.splits[name].size for name in SPLITS if name in self.data.splits}

    @property
    def white(self) -> float | None:
        """Raw value of a white pixel: 255, or 1 for floating-point images between 0 and 1; None for neither."""
        return self.data.white

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell this data in these splits from any other."""
        return self.data.fingerprint

    @functools.cached_property
    def _statistics(self) -> tuple[np.ndarray, np.ndarray]:
        return channel_statistics(self.data.splits['train'])

    @property
    def mean(self) -> np.ndarray:
        """float32 [C]: mean raw pixel of the training split."""
        return self._statistics[0]

    @property
    def std(self) -> np.ndarray:
        """float32 [C]: standard deviation of the raw pixels of the training split."""
        return self._statistics[1]

    @functools.cached_property
    def class_weights(self) -> np.ndarray | None:
        """float32 [classes], or None where all classes weigh the same."""
        if self.class_weight == 'none':
            return None
        labels = self.data.splits['train'].labels
        return (len(labels) / (self.classes * np.bincount(labels, minlength=self.classes))).astype(np.float32)

    @functools.cached_property
    def _pipeline(self) -> Pipeline:
        return Pipeline(self.data, self.augment, mean=self.mean, std=self.std)

    def describe(self) -> str:
        """Returns sizes of splits and images and the number of classes, in one line for a person."""
        words = {'train': 'training', 'valid': 'validation', 'test': 'test'}
        sizes = ', '.join(f'{size:,} {words[name]}' for name, size in self.splits.items())
        return f'{sizes} images of {" x ".join(map(str, self.image_shape))}, {self.classes} classes'

    def steps_per_epoch(self, batch_size: int) -> int:
        """Returns how many training batches show every training image at least once."""
        return -(-self.splits['train'] // batch_size)

    def train_batches(
        self, batch_size: int, *, seed: int, steps: int, start_step: int = 0, rows: np.ndarray | None = None
    ) -> tf.data.Dataset:
        """Returns the batches of one training, or of the rest of it.

        Batch `step` is a function of (seed, step) alone. The images come in an order that is drawn anew every epoch;
        epochs follow each other without a gap, so that every batch is full and no image is dropped.

        Args:
            batch_size: B.
            seed: of the order and the augmentation, 0 or more.
            steps: number of batches of the whole training.
            start_step: the first batch wanted, for a training that continues.
            rows: int [P, b], which images of each batch are wanted, in P parts, negative ones for filler; None for
                all of them, undivided.

        Returns:
            steps - start_step elements: augmented and normalised images float32 [B, H, W, C], labels int32 [B], and
            weights float32 [B]: 1, and 0 for filler, which only `rows` can bring; with `rows` [P, b, ...] each.
            Class weights are not in them.
        """
        return self._pipeline.train(Layout.of(batch_size, rows), seed=seed, steps=steps, start_step=start_step)

    def eval_batches(self, split: str, batch_size: int, rows: np.ndarray | None = None) -> tf.data.Dataset:
        """Returns every image of a split once, in a fixed order, not augmented.

        Args:
            split: train, valid or test.
            batch_size: B.
            rows: as in `train_batches`.

        Returns:
            normalised images float32 [B, H, W, C], labels int32 [B], and weights float32 [B]: 1, and 0 for the
            images that fill up the last batch.

        Raises:
            InputError: if there is no such split.
        """
        self._split(split)
        return self._pipeline.evaluation(split, Layout.of(batch_size, rows))

    def arrays(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns the raw images [n, H, W, C] (uint8, or float32 where they came so) and labels int32 [n] of a split.

        Args:
            split: train, valid or test. All of it is read into memory.

        Raises:
            InputError: if there is no such split.
        """
        chosen = self._split(split)
        return chosen.images(slice(None)), chosen.labels

    def raw_batches(self, split: str, batch_size: int) -> Iterator[np.ndarray]:
        """Yields the raw images [B, H, W, C] of a split, as `arrays` has them; the last batch is as long as it comes.

        Args:
            split: train, valid or test.
            batch_size: B.

        Raises:
            InputError: if there is no such split.
        """
        chosen = self._split(split)
        for start in range(0, chosen.size, batch_size):
            yield chosen.images(slice(start, start + batch_size))

    def mixed(self, split: str) -> ImageTask:
        """Returns this task with the images of a split in an order that is drawn, always the same.

        For batches whose images count together: a source may bring them class by class.

        Args:
            split: train, valid or test.
        """
        chosen = self._split(split)
        order = np.random.default_rng(0).permutation(chosen.size)
        images = ImageSplit(chosen.store, chosen.rows[order], chosen.labels[order])
        task = dataclasses.replace(
            self, data=dataclasses.replace(self.data, splits={**self.data.splits, split: images})
        )
        vars(task)['_statistics'] = self._statistics  # of the training images, which are the same
        return task

    def labels(self, split: str) -> np.ndarray:
        """Returns the labels int32 [n] of a split, in the order of `eval_batches`."""
        return self._split(split).labels

    def score(self, labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
        """Returns accuracy, balanced accuracy and AUC; the one named by `metric` is the score to maximise.

        Args:
            labels: int [n], such as `labels('valid')`.
            probabilities: float [n, classes], without the rows that filled up the last batch.
        """
        return classification_metrics(labels, probabilities)

    def _split(self, name: str) -> ImageSplit:
        if name not in self.data.splits:
            raise InputError(f'task {self.name} has no split {name!r}; it has {", ".join(self.splits)}')
        return self.data.splits[name]
