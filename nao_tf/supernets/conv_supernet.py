"""ConvSupernet: one set of weights for every pair of cells of a space (A2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.networks.dropping import drop_path_keep, drop_path_masks, dropout
from nao_tf.networks.share import Share
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.supernets.codes import check_space, conv_codes, loose_ends
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.execution import make_execution
from nao_tf.supernets.layout import Layout
from nao_tf.supernets.plan import Normalization, plan_supernet
from nao_tf.supernets.shared_cell import SharedCell, Store, add_to


class ConvSupernet(tf.Module):
    """Shared weights, and the network that an architecture makes of them.

    Everything is a function of tensors with static shapes, so that a step is traced once for all architectures::

        used, = supernet.read(codes, [supernet.weights])
        logits = supernet.forward(used, images, codes)

    Args:
        space: of the architectures; `enas_cnn` is the paper's, `nao_cnn` has the 11 operations.
        config: depth, width, image, regularisation.
        seed: decides the initial weights, together with the place of each.
        execution: `selected`, or `masked`, which lowers for TPU.

    Raises:
        InputError: if the space is of another kind, an operation is not registered, or there is no such execution.
    """

    def __init__(self, space: ConvCellSpace, config: SupernetConfig, *, seed: int = 0, execution: str = 'selected'):
        super().__init__(name='supernet')
        check_space(space, ConvCellSpace)
        self.space = space
        self.config = config
        self.execution = make_execution(execution)
        self.plan = plan = plan_supernet(config)
        self.cells = [
            SharedCell(cell, space.operations, space.nodes, f'cell_{index}') for index, cell in enumerate(plan.cells)
        ]
        chains = {'stem': plan.stem}
        for index, cell in enumerate(plan.cells):
            chains[f'cell_{index}_older'], chains[f'cell_{index}_newer'] = cell.calibrations
            chains[f'cell_{index}_output'] = (Normalization(cell.filters, cell.filters),)
        chains['classifier'] = (plan.classifier,)
        if plan.auxiliary:
            chains['auxiliary'], chains['auxiliary_classifier'] = plan.auxiliary[:-1], plan.auxiliary[-1:]
        self.chains = {name: Layout(blocks) for name, blocks in chains.items()}
        self.weights = Store(
            {name: layout.initial(seed, name) for name, layout in self.chains.items() if layout.size},
            [cell.initial_rows(seed) for cell in self.cells],
            [cell.initial_projection(seed) for cell in self.cells],
        )

    @property
    def codes_spec(self) -> tf.TensorSpec:
        """What a compiled function takes for an architecture."""
        return tf.TensorSpec((2, 2 * self.space.nodes, 2), tf.int32)

    def codes(self, architecture: Architecture) -> np.ndarray:
        """Returns an architecture as int32 [2, 2B, 2], see `conv_codes`.

        Raises:
            InputError: if it is not of the space.
        """
        return conv_codes(self.space, architecture)

    def read(self, codes: tf.Tensor, stores: Sequence[Store]) -> list[list[tf.Tensor]]:
        """Returns what an architecture uses of each store; blocks of a projection that it does not use are zeros.

        Args:
            codes: int32 [2, 2B, 2].
            stores: the weights, or the weights and their momenta.

        Returns:
            For each store the fixed parts, then of each cell the rows (see the execution) and the projection.
        """
        found = [[variable.read_value() for variable in store.fixed.values()] for store in stores]
        for index, cell in enumerate(self.cells):
            code = codes[int(cell.plan.reduction)]
            ends = loose_ends(code)[:, tf.newaxis, tf.newaxis]
            rows = self.execution.read(cell, code, [store.rows[index] for store in stores])
            for used, row, store in zip(found, rows, stores, strict=True):
                used += [*row, store.projections[index] * ends]
        return found

    def add(self, codes: tf.Tensor, stores: Sequence[Store], changes: Sequence[Sequence[tf.Tensor]]) -> None:
        """Adds to what an architecture uses of each store.

        Args:
            codes: int32 [2, 2B, 2].
            stores: as in `read`.
            changes: as `read` returns.
        """
        parts = [iter(change) for change in changes]
        for store, part in zip(stores, parts, strict=True):
            for variable in store.fixed.values():
                add_to(variable, next(part))
        for index, cell in enumerate(self.cells):
            rows = [[next(part) for _ in range(self.execution.row_tensors(cell))] for part in parts]
            code = codes[int(cell.plan.reduction)]
            self.execution.add(cell, code, [store.rows[index] for store in stores], rows)
            for store, part in zip(stores, parts, strict=True):
                add_to(store.projections[index], next(part))

    def forward(
        self,
        used: Sequence[tf.Tensor],
        images: tf.Tensor,
        codes: tf.Tensor,
        *,
        training: bool = False,
        progress: float | tf.Tensor = 1.0,
        seed: tf.Tensor | None = None,
        share: Share | None = None,
    ) -> Any:
        """Computes the logits; the statistics of every normalisation are those of this batch.

        Args:
            used: the weights of the architecture, from `read`.
            images: float32 [B, H, W, C], normalised, B static.
            codes: int32 [2, 2B, 2].
            training: whether to drop, and to compute the auxiliary head.
            progress: step / total steps, for the schedule of drop path.
            seed: int32 [2], another one for every step; needed in training.
            share: what the images are of a global batch, None where they are all of it.

        Returns:
            Logits [B, classes]; in training with an auxiliary head the pair (logits, its logits).
        """
        parts = iter(used)
        fixed = {name: next(parts) for name in self.weights.fixed}
        masks = self._masks(images.shape[0], codes, progress, seed, share) if training else None
        older = newer = self._chain('stem', fixed, images)
        auxiliary = None
        for index, cell in enumerate(self.cells):
            inputs = [self._chain(f'cell_{index}_{name}', fixed, x) for name, x in (('older', older), ('newer', newer))]
            rows = [next(parts) for _ in range(self.execution.row_tensors(cell))]
            code = codes[int(cell.plan.reduction)]
            output = self.execution.run(cell, code, inputs, rows, next(parts), next(masks) if masks else None)
            older, newer = newer, self._chain(f'cell_{index}_output', fixed, output)
            if training and self.plan.auxiliary and index == self.plan.auxiliary_cell:
                x = tf.nn.relu(self._chain('auxiliary', fixed, tf.nn.relu(newer)))
                auxiliary = self._chain('auxiliary_classifier', fixed, tf.reduce_mean(x, (1, 2)))
        features = tf.reduce_mean(tf.nn.relu(newer), (1, 2))
        if training and self.config.dense_keep < 1:
            features = dropout(
                features, self.config.dense_keep, tf.random.experimental.stateless_fold_in(seed, 1), share
            )
        logits = self._chain('classifier', fixed, features)
        return logits if auxiliary is None else (logits, auxiliary)

    def _chain(self, name: str, fixed: dict[str, tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        return self.chains[name].apply(x, fixed[name]) if name in fixed else x

    def _masks(
        self,
        batch: int,
        codes: tf.Tensor,
        progress: float | tf.Tensor,
        seed: tf.Tensor | None,
        share: Share | None,
    ) -> Iterator[list[tf.Tensor]] | None:
        """Yields the masks of drop path of each cell, [batch, 1, 1, 1] a branch; identities keep everything."""
        keep = self.config.drop_path_keep
        if keep == 1:
            return None
        assert seed is not None
        branches = codes.shape[1]
        keeps = [drop_path_keep(index, len(self.cells), keep, progress) for index in range(len(self.cells))]
        drawn = drop_path_masks(
            [keeps[index // branches] for index in range(len(self.cells) * branches)],
            batch,
            tf.random.experimental.stateless_fold_in(seed, 0),
            tf.float32,
            share,
        )
        kept = [operation for operation, name in enumerate(self.space.operations) if name == 'identity']

        def masks() -> Iterator[list[tf.Tensor]]:
            for index, cell in enumerate(self.cells):
                chosen = codes[int(cell.plan.reduction), :, 1]
                always = tf.reduce_any(chosen[:, tf.newaxis] == tf.constant(kept, tf.int32, (1, len(kept))), 1)
                yield [tf.where(always[branch], 1.0, drawn[index * branches + branch]) for branch in range(branches)]

        return masks()

    def logits(self, images: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
        """Returns the logits [B, classes] of images [B, H, W, C] by the architecture of some codes."""
        (used,) = self.read(codes, [self.weights])
        return self.forward(used, images, codes)
