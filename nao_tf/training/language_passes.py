"""The compiled step of a language model and its evaluation, on the replicas of a strategy."""

from __future__ import annotations

import functools
import math
from typing import Any

import tensorflow as tf

from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.tasks.text import TextTask
from nao_tf.training.averaged import AveragedSGD
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.language_config import LanguageTrainConfig
from nao_tf.training.language_steps import LanguageSteps, calls_of
from nao_tf.training.replicas import Replicas


class LanguagePasses:
    """What is computed on the segments of one text by one network and one recipe.

    Args:
        network: the network to train, made in the scope of the distribution's strategy; its weights are updated in
            place.
        task: the text.
        config: the recipe.
        seed: decides the lengths of the segments and the dropout masks.
        distribution: the devices that train it together, each with some of the streams. A call from Python makes
            the steps of up to `steps_per_loop` segments that follow each other and are of one length.

    Raises:
        InputError: if the text is shorter than one batch, or a batch too small for the devices.
    """

    def __init__(
        self,
        network: LanguageNetwork,
        task: TextTask,
        *,
        config: LanguageTrainConfig,
        seed: int,
        distribution: Distribution = OFF,
    ):
        task.check(config.batch_size, config.sequence_length)
        self.network = network
        self.task = task
        self.config = config
        self.seed = seed
        self.steps_per_epoch = math.ceil(task.splits['train'] / (config.batch_size * config.sequence_length))
        self.total_steps = config.epochs * self.steps_per_epoch
        self.replicas = Replicas(distribution, config.batch_size)
        self.eval_replicas = Replicas(distribution, config.eval_batch_size)
        with self.replicas.strategy.scope():
            self.optimizer = AveragedSGD(network.trained, weight_decay=config.weight_decay, clip_norm=config.clip_norm)

    @functools.cached_property
    def steps(self) -> LanguageSteps:
        """The compiled training steps, one for each of the few static lengths (`streams.static_lengths`)."""
        return LanguageSteps(self.update, self.replicas, self._initial_state(self.replicas))

    @functools.cached_property
    def losses(self) -> LanguageSteps:
        """The compiled evaluation: the sum of the losses of each segment."""
        replicas = self.eval_replicas
        return LanguageSteps(lambda *parts: self.summed_loss(*parts[:-1]), replicas, self._initial_state(replicas))

    def update(
        self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, state: tf.Tensor, number: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Updates the weights once; returns the mean cross entropy (scalar) and the state to carry on [B, H].

        Args:
            inputs: int32 [T, B].
            targets: int32 [T, B].
            weights: float32 [T, B], 0 for filler.
            state: float32 [B, H].
            number: of the step, int32 scalar.
        """
        config = self.config
        found = self.network.computation.gradients(
            inputs,
            targets,
            weights,
            state,
            tf.stack([tf.constant(self.seed & 0x7FFFFFFF, tf.int32), number]),
            activation_penalty=config.activation_penalty,
            slowness_penalty=config.slowness_penalty,
            share=self.replicas.share(),
        )
        gradients = self.replicas.sum(found.gradients)
        self.optimizer.apply(gradients, config.learning_rate * inputs.shape[0] / config.sequence_length)
        return found.loss, found.state

    def _initial_state(self, replicas: Replicas) -> Any:
        """Returns the state at the beginning of a text, one for each replica."""
        return replicas.strategy.run(self.network.initial_state, args=(replicas.size,))

    def evaluate(self, split: str) -> dict[str, float]:
        """Returns the perplexity of a split.

        Args:
            split: `valid`, or `test` for the one last evaluation.
        """
        return {'perplexity': perplexity(self.loss(split))}

    def loss(self, split: str) -> float:
        """Returns the mean cross entropy of a split in nats a token, every token counted once.

        Args:
            split: `valid`, or `test` for the one last evaluation.
        """
        config = self.config
        batch, length = config.eval_batch_size, config.sequence_length
        state = self._initial_state(self.eval_replicas)
        sums = []
        for call in calls_of(self.task.eval_segments(split, batch, length), self.eval_replicas.steps_per_loop):
            totals, state = self.losses(call, state, 0)
            sums += totals.numpy().tolist()
        return math.fsum(sums) / self.task.splits[split]

    def summed_loss(
        self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, state: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the sum of the cross entropies of a segment in nats, and the state to carry on."""
        logits, state = self.network(inputs, state)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_sum(losses * weights), state


def perplexity(loss: float) -> float:
    """Returns the perplexity of a mean cross entropy in nats; infinite where it is beyond all numbers."""
    return math.exp(loss) if loss < 700 else math.inf
