"""Shared weights of recurrent cells: trained on a text, scored on the same validation text for all (A3)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_weights import SharedWeights
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.supernets.recurrent_supernet import RecurrentSupernet
from nao_tf.supernets.recurrent_trainer import RecurrentTrainer
from nao_tf.supernets.train_config import SharedTextConfig
from nao_tf.tasks.streams import Segment
from nao_tf.tasks.text import TextTask
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.strategy import make_strategy


class SharedText(SharedWeights[Segment]):
    """A recurrent supernet on a text.

    The state that a cell leaves is what the cell of the next step starts from, as in the released search.

    Args:
        task: the text.
        space: of the architectures.
        network: width, rules and dropout of the language models.
        training: their recipe.
        seed: of the weights, the lengths of the segments, and the dropout masks.
        distribution: the devices that train them together, each with some of the streams.

    Raises:
        InputError: if the space is of another kind, a split smaller than what a batch or the scores take, or a batch
            too small for the devices.
    """

    def __init__(
        self,
        task: TextTask,
        space: RecurrentCellSpace,
        *,
        network: RecurrentConfig,
        training: SharedTextConfig,
        seed: int,
        distribution: Distribution = OFF,
    ):
        super().__init__(space)
        for split, field in (('train', 'batch_size'), ('valid', 'eval_batch_size')):
            batch = getattr(training, field) * training.sequence_length
            if task.splits[split] < batch:
                raise InputError(
                    f'sharing.{field} is {getattr(training, field)}: the {split} split has {task.splits[split]:,} '
                    f'tokens, fewer than one batch of so many sequences of {training.sequence_length} ({batch:,}); '
                    f'make sharing.{field} or sharing.sequence_length smaller'
                )
        segments = task.eval_segments('valid', training.eval_batch_size, training.sequence_length)
        self._held = list(itertools.islice(segments, training.score_segments or None))
        if len(self._held) < training.score_segments:
            raise InputError(
                f'sharing.score_segments is {training.score_segments}, but the valid split has only {len(self._held)} '
                f'segments of {training.eval_batch_size} sequences of {training.sequence_length}; make '
                'sharing.score_segments smaller, or 0 for all of them'
            )
        self.task = task
        self.training = training
        self.seed = seed
        with make_strategy(distribution).scope():
            self.supernet = RecurrentSupernet(space, network, seed=seed, execution=training.execution)
        self.trainer = RecurrentTrainer(
            self.supernet,
            batch_size=training.batch_size,
            eval_batch_size=training.eval_batch_size,
            weight_decay=training.weight_decay,
            clip_norm=training.clip_norm,
            activation_penalty=training.activation_penalty,
            slowness_penalty=training.slowness_penalty,
            seed=seed,
            distribution=distribution,
        )
        self.state = self.trainer.initial_state(self.trainer.replicas)

    def epoch_steps(self, epoch: int) -> int:
        """Returns the number of segments of an epoch, whose lengths may be drawn."""
        return sum(1 for _ in self._segments(epoch))

    def batches(self, epoch: int, start: int) -> Iterator[Segment]:
        """Yields the segments of an epoch; its first one begins with an empty state."""
        if not start:
            self.state = self.trainer.initial_state(self.trainer.replicas)
        yield from itertools.islice(self._segments(epoch), start, None)

    def _segments(self, epoch: int) -> Iterator[Segment]:
        training = self.training
        return self.task.train_segments(
            training.batch_size,
            training.sequence_length,
            random_length=training.random_length,
            seed=self.seed,
            epoch=epoch,
        )

    def train(self, batch: Segment, architecture: Architecture, step: int) -> float:
        """Updates what one cell uses of the weights, once; returns the mean cross entropy in nats."""
        length = len(batch.inputs)
        (loss,), self.state = self.trainer.steps(
            [batch],
            self.state,
            step,
            tf.constant(self.supernet.codes(architecture)),
            tf.constant(self.training.learning_rate * length / self.training.sequence_length, tf.float32),
        )
        return float(loss)

    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the validation perplexity of one cell and its score, see `TextTask.score`."""
        started = time.perf_counter()
        (perplexity,) = self.trainer.perplexities([architecture], self._held)
        if not np.isfinite(perplexity):
            return Evaluation(architecture, float('nan'), failure='the perplexity is not finite')
        score = self.task.score(float(np.log(perplexity)))
        seconds = time.perf_counter() - started
        return Evaluation(architecture, score, metrics={'perplexity': perplexity}, seconds=seconds)

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """The weights; there is no momentum."""
        return self.supernet.variables

    @property
    def sizes(self) -> Mapping[str, Any]:
        """The fields of the supernet's config."""
        return self.supernet.config.to_json()

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the weights, and the state to carry on."""
        return {**super().arrays(), 'state': self.trainer.replicas.collect(self.state)}

    def assign(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes over what `arrays` returned."""
        super().assign(arrays)
        shape, given = (self.training.batch_size, self.supernet.config.hidden), arrays['state']
        if given.shape != shape:
            raise ValueError(f'the state is {given.shape}, not {shape}')
        self.state = self.trainer.replicas.spread(given)
