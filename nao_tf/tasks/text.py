"""TextTask: predict the next word of a text; data and metric in one value."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np

from nao_tf.errors import InputError
from nao_tf.tasks.corpus import Corpus
from nao_tf.tasks.streams import Segment, Streams, draw_lengths


@dataclasses.dataclass(frozen=True, eq=False)
class TextTask:
    """Language modelling: what a recurrent child is trained on and judged by.

    The metric is perplexity, the lower the better. The score to maximise is monotone in it:
    1 - ln(perplexity) / ln(V), the share of a uniform guess's entropy that the model explains; 0 is no better than
    guessing among the V words of the vocabulary, 1 is knowing every word.

    Args:
        name: of the data, as the config writes it.
        corpus: the text in its splits.
    """

    name: str
    corpus: Corpus

    @property
    def metric(self) -> str:
        """Name of what people read."""
        return 'perplexity'

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The V words, by their ids."""
        return self.corpus.vocabulary

    @property
    def splits(self) -> Mapping[str, int]:
        """Number of tokens of train, valid and test."""
        return {name: len(ids) for name, ids in self.corpus.splits.items()}

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell this text in these splits from any other."""
        return self.corpus.fingerprint

    def describe(self) -> str:
        """Returns the sizes of the splits and of the vocabulary, in one line for a person."""
        words = {'train': 'training', 'valid': 'validation', 'test': 'test'}
        sizes = ', '.join(f'{size:,} {words[name]}' for name, size in self.splits.items())
        return f'{sizes} tokens, {len(self.vocabulary):,} words in the vocabulary'

    def score(self, loss: float) -> float:
        """Returns the score of a mean cross entropy in nats."""
        return 1 - loss / math.log(len(self.vocabulary))

    def metric_of(self, score: float) -> float:
        """Returns the perplexity that a score stands for; of a mean score, the geometric mean of perplexities."""
        return math.exp((1 - score) * math.log(len(self.vocabulary)))

    def check(self, batch_size: int, sequence_length: int) -> None:
        """Raises an InputError if a training batch cannot be filled once.

        Args:
            batch_size: B, streams.
            sequence_length: T, tokens.
        """
        size = self.splits['train']
        if size < batch_size * sequence_length:
            raise InputError(
                f'task {self.name}: train has {size:,} tokens, fewer than one batch of {batch_size} sequences of '
                f'{sequence_length} ({batch_size * sequence_length:,}); make child.batch_size or '
                'child.sequence_length smaller'
            )

    def train_segments(
        self, batch_size: int, sequence_length: int, *, random_length: bool, seed: int, epoch: int
    ) -> Iterator[Segment]:
        """Yields the segments of one epoch, a function of (seed, epoch).

        Args:
            batch_size: B.
            sequence_length: T.
            random_length: whether lengths are drawn (`streams.draw_lengths`).
            seed: of the lengths.
            epoch: counted from 0.
        """
        streams = self._streams('train', batch_size)
        rng = np.random.default_rng([seed, epoch])
        return streams.segments(draw_lengths(streams.length, sequence_length, random=random_length, rng=rng))

    def eval_segments(self, split: str, batch_size: int, sequence_length: int) -> Iterator[Segment]:
        """Yields the segments that show every token of a split once.

        Args:
            split: train, valid or test.
            batch_size: B.
            sequence_length: T.
        """
        streams = self._streams(split, batch_size)
        return streams.segments([sequence_length] * -(-streams.length // sequence_length))

    def _streams(self, split: str, batch_size: int) -> Streams:
        return Streams(self.corpus.splits[split], batch_size, self.corpus.eos)
