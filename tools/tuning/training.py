"""Training of small Keras classifiers many times over: what differs in numbers only shares one traced function."""

import functools
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf


class Split(NamedTuple):
    """Inputs and labels for training and for validation."""

    inputs: np.ndarray
    labels: np.ndarray
    val_inputs: np.ndarray
    val_labels: np.ndarray


class _Program:
    """One epoch of momentum SGD as a function of the weights, traced once for all models of one form."""

    def __init__(self, model: keras.Model):
        self.model = model
        self.epoch = tf.function(self._epoch)
        self.evaluate = tf.function(self._evaluate)

    def _loss(self, weights, inputs, labels, smoothing):
        logits, _ = self.model.stateless_call(weights, [], inputs, training=True)
        classes = logits.shape[-1]
        targets = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))

    def _epoch(self, weights, speeds, split, order, numbers):
        rate, momentum, decay, smoothing = tf.unstack(numbers)
        for batch in order:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss = self._loss(weights, tf.gather(split.inputs, batch), tf.gather(split.labels, batch), smoothing)
            slopes = tape.gradient(loss, weights)
            slopes = [slope + decay * weight for slope, weight in zip(slopes, weights, strict=True)]
            speeds = [momentum * speed - rate * slope for speed, slope in zip(speeds, slopes, strict=True)]
            weights = [weight + speed for weight, speed in zip(weights, speeds, strict=True)]
        return weights, speeds

    def _evaluate(self, weights, split):
        logits, _ = self.model.stateless_call(weights, [], split.val_inputs, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(split.val_labels, logits)
        right = tf.equal(tf.argmax(logits, -1), tf.cast(split.val_labels, tf.int64))
        return tf.reduce_mean(losses), tf.reduce_mean(tf.cast(right, tf.float32))


@functools.cache
def _program(form: Hashable, build) -> _Program:
    del form
    return _Program(build())


def train(
    model: keras.Model, split: Split, *, form: Hashable, build, rate: float, momentum: float, decay: float,
    smoothing: float = 0.0, epochs: int, batch: int, seed: int = 0, callbacks: Sequence = (),
) -> dict[str, float]:  # fmt: skip
    """Trains a classifier that returns logits; the model ends with its last weights.

    Args:
        model: new; its initial weights count.
        split: the data.
        form: what distinguishes the model's graph from others.
        build: returns another model of that form.
        rate: learning rate.
        momentum: of SGD.
        decay: L2, added to the gradient.
        smoothing: of the labels.
        epochs: how many.
        batch: examples of a step; the rest of an epoch is left out.
        seed: of the order of the examples.
        callbacks: of Keras, told of the end of every epoch.

    Returns:
        The best `val_loss` and `val_accuracy` over the epochs, each by itself.
    """
    program = _program(form, build)
    weights = [tf.convert_to_tensor(variable) for variable in model.trainable_variables]
    speeds = [tf.zeros_like(weight) for weight in weights]
    rng = np.random.default_rng(seed)
    data = Split(*map(tf.constant, split))
    steps = len(split.inputs) // batch
    told = keras.callbacks.CallbackList(list(callbacks), model=model) if callbacks else None
    losses, accuracies = [], []
    for epoch in range(epochs):
        order = tf.constant(rng.permutation(len(split.inputs))[: steps * batch].reshape(steps, batch), tf.int32)
        weights, speeds = program.epoch(weights, speeds, data, order, tf.constant([rate, momentum, decay, smoothing]))
        loss, accuracy = (float(value) for value in program.evaluate(weights, data))
        losses.append(loss)
        accuracies.append(accuracy)
        if told is not None or epoch == epochs - 1:
            for variable, weight in zip(model.trainable_variables, weights, strict=True):
                variable.assign(weight)
        if told is not None:
            told.on_epoch_end(epoch, {'val_loss': loss, 'val_accuracy': accuracy})
    known = [loss for loss in losses if np.isfinite(loss)]
    return {'val_loss': min(known, default=float('nan')), 'val_accuracy': max(accuracies)}
