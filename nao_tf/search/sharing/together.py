"""Shared weights trained by several processes: the first one searches and writes, the others train along."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.evaluators.shared_weights import SharedWeights
from nao_tf.search.crew import Crew
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture


class SharedTogether(SharedWeights[Any]):
    """Tells the other processes all that the shared weights do, and does it with them.

    Args:
        weights: of this process.
        crew: the processes, of which this is the first.
    """

    def __init__(self, weights: SharedWeights, crew: Crew):
        super().__init__(weights.space)
        self.weights = weights
        self.crew = crew

    def epoch_steps(self, epoch: int) -> int:
        """Returns the number of steps of an epoch."""
        return self.weights.epoch_steps(epoch)

    def batches(self, epoch: int, start: int) -> Iterator[Any]:
        """Yields this process's part of the training batches of an epoch."""
        self.crew.tell_json({'do': 'batches', 'epoch': epoch, 'start': start})
        yield from self.weights.batches(epoch, start)

    def train(self, batch: Any, architecture: Architecture, step: int) -> float:
        """Updates what one architecture uses of the weights, once, in all processes; returns the loss."""
        self.crew.tell_json({'do': 'train', 'architecture': architecture.to_json(), 'step': step})
        with self.crew.training():
            return self.weights.train(batch, architecture, step)

    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the score of one architecture, to which every process has done its part."""
        self.crew.tell_json({'do': 'evaluate', 'architecture': architecture.to_json()})
        with self.crew.training():
            return self.weights.evaluate(architecture)

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns everything that changes from step to step, by name."""
        self.crew.tell_json({'do': 'arrays'})
        with self.crew.training():
            return self.weights.arrays()

    def assign(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes over what `arrays` returned, in all processes."""
        content = io.BytesIO()
        named: dict[str, Any] = {name: arrays[name] for name in arrays}
        np.savez(content, **named)
        self.crew.tell_json({'do': 'assign'})
        self.crew.tell(content.getvalue())
        self.weights.assign(arrays)

    def end(self, *, stopped: bool) -> None:
        """Tells the others that the shared weights are done with.

        Args:
            stopped: whether the whole search ends here, to be continued.
        """
        self.crew.tell_json({'do': 'end', 'stopped': stopped})

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """The shared weights and the state of their optimizer."""
        return self.weights.variables

    @property
    def sizes(self) -> Mapping[str, Any]:
        """What a checkpoint has to agree with."""
        return self.weights.sizes


def follow_shared(weights: SharedWeights, crew: Crew) -> bool:
    """Does what the first process says until the shared weights are done with.

    Args:
        weights: as in the first process.
        crew: the processes.

    Returns:
        Whether the search goes on, with the training of what was found.

    Raises:
        InputError: if another process is gone.
    """
    batches: Iterator[Any] = iter(())
    while (message := crew.tell_json())['do'] != 'end':
        with crew.training():
            match message['do']:
                case 'batches':
                    batches = weights.batches(message['epoch'], message['start'])
                case 'train':
                    weights.train(next(batches), Architecture.from_json(message['architecture']), message['step'])
                case 'evaluate':
                    weights.evaluate(Architecture.from_json(message['architecture']))
                case 'arrays':
                    weights.arrays()
                case 'assign':
                    with np.load(io.BytesIO(crew.tell()), allow_pickle=False) as arrays:
                        weights.assign(dict(arrays))
    return not message['stopped']
