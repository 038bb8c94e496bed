"""SupernetConfig: everything that shapes a convolutional supernet beside its space."""

from __future__ import annotations

import dataclasses

from nao_tf.networks.config import NetworkConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetConfig:
    """Depth, width, image and regularisation of a convolutional supernet (A2).

    Args:
        cells_per_stage: N; the supernet has 3N + 2 cells, two of them reduction cells (2 in the released search).
        filters: F of the first stage, even; each reduction doubles them (20 in the released search).
        image_shape: (H, W, C) in pixels and channels.
        classes: number of classes, at least 2.
        drop_path_keep: probability to keep a branch in the last cell at the end of training; 1 drops nothing. An
            identity is never dropped.
        dense_keep: probability to keep a feature before the dense layer (0.9 in the released search).
        auxiliary: whether an auxiliary head reads the first normal cell behind the second reduction.

    Raises:
        InputError: if a value is out of its range, or the image too small (see `NetworkConfig`).
    """

    cells_per_stage: int
    filters: int
    image_shape: tuple[int, int, int]
    classes: int
    drop_path_keep: float = 1.0
    dense_keep: float = 0.9
    auxiliary: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, 'image_shape', self.network.image_shape)

    @property
    def network(self) -> NetworkConfig:
        """The same sizes of a stand-alone network, with the rules of A1 behind the paper's search."""
        return NetworkConfig(**dataclasses.asdict(self))
