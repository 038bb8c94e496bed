"""Contiguous batches of a text for truncated backpropagation, of a few static lengths only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

HALF = 0.05  # share of the sequences that are about half as long (A3)
DEVIATION = 5  # of a random length, in tokens (A3)


@dataclasses.dataclass(frozen=True, eq=False)
class Segment:
    """One step of truncated backpropagation: T tokens of each of B streams.

    Args:
        inputs: int32 [T, B], the words that are read.
        targets: int32 [T, B], the words that follow them.
        weights: float32 [T, B], 1, and 0 where a stream has ended.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


class Streams:
    """A text cut into B streams of equal length that are read side by side, the state carried from segment to segment.

    Every token is the target exactly once; what a stream's first token is predicted from is the token before it in the
    text, `<eos>` for the very first.

    Args:
        ids: int32 [n], n > 0.
        batch_size: B.
        eos: id of `<eos>`.
    """

    def __init__(self, ids: np.ndarray, batch_size: int, eos: int):
        self.length = -(-len(ids) // batch_size)
        filling = self.length * batch_size - len(ids)
        targets = np.concatenate([ids, np.full(filling, eos, np.int32)])
        inputs = np.concatenate([[eos], targets[:-1]]).astype(np.int32)
        weights = np.concatenate([np.ones(len(ids), np.float32), np.zeros(filling, np.float32)])
        self.inputs, self.targets, self.weights = (
            np.ascontiguousarray(part.reshape(batch_size, self.length).T) for part in (inputs, targets, weights)
        )

    def segments(self, lengths: Sequence[int]) -> Iterator[Segment]:
        """Yields consecutive segments; one that reaches beyond the end is filled with tokens of weight 0.

        Args:
            lengths: T of each, as many as it takes to reach the end.
        """
        start = 0
        for length in lengths:
            stop = start + length
            missing = max(stop - self.length, 0)
            parts = [part[start:stop] for part in (self.inputs, self.targets, self.weights)]
            if missing:
                parts = [np.pad(part, ((0, missing), (0, 0))) for part in parts]
            yield Segment(*parts)
            start = stop


def static_lengths(sequence_length: int, *, random: bool) -> tuple[int, ...]:
    """Returns the lengths that segments may have, shortest first: one, or four where they are random.

    Args:
        sequence_length: T, tokens.
        random: whether they are drawn.
    """
    if not random:
        return (sequence_length,)
    around = (sequence_length - DEVIATION, sequence_length, sequence_length + DEVIATION)
    return tuple(sorted({max(length, 1) for length in (sequence_length // 2, *around)}))


def draw_lengths(total: int, sequence_length: int, *, random: bool, rng: np.random.Generator) -> list[int]:
    """Returns lengths of consecutive segments that together cover a stream.

    A random length is normal around `sequence_length`, or with probability .05 around half of it, with a deviation of
    5 (A3), rounded to one of `static_lengths`, so that a compiled step exists for each after a while.

    Args:
        total: tokens of a stream.
        sequence_length: T.
        random: whether lengths are drawn; if not, all are T.
        rng: of the draws.
    """
    if not random:
        return [sequence_length] * -(-total // sequence_length)
    allowed = np.array(static_lengths(sequence_length, random=True))
    lengths: list[int] = []
    while sum(lengths) < total:
        middle = sequence_length // 2 if rng.random() < HALF else sequence_length
        lengths.append(int(allowed[np.abs(allowed - rng.normal(middle, DEVIATION)).argmin()]))
    return lengths
