"""Share: the part of a global batch that one replica of a distributed training has."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError

FILLER = -1


def share_rows(batch_size: int, replicas: int) -> np.ndarray:
    """Returns which rows of a global batch each replica has: as evenly as it goes, in their order.

    Args:
        batch_size: B, rows of the global batch.
        replicas: R.

    Returns:
        int64 [R, b] with b = ceil(B / R); FILLER at the end of a replica that has fewer.

    Raises:
        InputError: if there are not enough rows for each replica to have one.
    """
    if batch_size < replicas:
        raise InputError(
            f'a batch of {batch_size} cannot be shared by {replicas} replicas: each needs at least one of it; make '
            'the batch size of config.child larger, or take fewer devices'
        )
    borders = np.arange(replicas + 1) * batch_size // replicas
    rows = borders[:-1, None] + np.arange(-(-batch_size // replicas))
    return np.where(rows < borders[1:, None], rows, FILLER)


@dataclasses.dataclass(frozen=True, eq=False)
class Share:
    """What a replica knows of the global batch; without one, a network has all of it.

    Args:
        counts: R numbers, rows of the global batch of each replica.
        replica: int scalar, which of them this one is.
        rows: int [b], the rows that are here; any number for filler.
        weights: float32 [b], 1, and 0 for filler; None where nothing is filler on any replica.
        synchronized: whether batch normalisation takes the moments of the global batch, or those of this share.
    """

    counts: tuple[int, ...]
    replica: tf.Tensor
    rows: tf.Tensor
    weights: tf.Tensor | None
    synchronized: bool

    @classmethod
    def here(cls, table: np.ndarray, *, synchronized: bool) -> Share:
        """Returns the share of the replica that calls; to be called inside `strategy.run`.

        Args:
            table: of `share_rows`.
            synchronized: see above.
        """
        replica = tf.convert_to_tensor(tf.distribute.get_replica_context().replica_id_in_sync_group)
        return cls.of(table, replica, synchronized=synchronized)

    @classmethod
    def of(cls, table: np.ndarray, replica: tf.Tensor, *, synchronized: bool) -> Share:
        """Returns the share of one replica; arguments as those of `here` and of the class."""
        rows = tf.gather(table.astype(np.int32), replica)
        weights = tf.cast(rows != FILLER, tf.float32) if (table == FILLER).any() else None
        return cls(tuple((table != FILLER).sum(1).tolist()), replica, tf.maximum(rows, 0), weights, synchronized)

    @property
    def batch_size(self) -> int:
        """B, rows of the global batch."""
        return sum(self.counts)

    def take(self, draws: tf.Tensor, axis: int = 0) -> tf.Tensor:
        """Returns this share of what was drawn for the global batch, so that devices change no mask.

        Args:
            draws: B long on the axis.
            axis: of the batch.
        """
        return tf.gather(draws, self.rows, axis=axis)


def sum_over_replicas(values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Returns the sums over all replicas, in one exchange; to be called inside `strategy.run`.

    Args:
        values: of this replica.
    """
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)
