"""CellNetwork: the Keras model of a pair of cells, section 4.1 and A1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.block import Pass
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.dropping import drop_path_keep, drop_path_masks, dropout
from nao_tf.networks.layers import BlockLayer
from nao_tf.networks.plan import CellPlan, Steps, plan_network
from nao_tf.networks.share import Share
from nao_tf.spaces.cells import CellPair
from nao_tf.spaces.writing import pair_from_json, pair_to_json


@keras.saving.register_keras_serializable(package='nao_tf')
class CellNetwork(keras.Model):
    """A convolutional network of stacked cells; all variables exist as soon as it does.

    `network(images, training=False, progress=1.0, seed=None)` returns logits. It is made of TensorFlow operations
    with static shapes only, keeps no random state, and lowers for TPU.

    Args:
        cells: the normal and the reduction cell.
        config: depth, width, image, regularisation.
        seed: decides the initial weights, together with the place of each (see `initialization`).
        name: name of the model.
        dtype: policy or its name, None for the global one; variables and logits are float32 under any.

    Raises:
        InputError: if a cell names an operation that is not registered.
    """

    def __init__(
        self, cells: CellPair, config: NetworkConfig, *, seed: int = 0, name: str = 'network', dtype: Any = None
    ):
        super().__init__(name=name, dtype=dtype, autocast=False)
        self.cells = cells
        self.config = config
        self.seed = seed
        self.plan = plan_network(cells, config)
        self.blocks = [
            BlockLayer(step.block, name=step.name, seed=seed, dtype=self.dtype_policy)
            for step in self.plan.steps()
            if step.block.weights()
        ]
        self._by_name = {layer.name: layer for layer in self.blocks}
        self._droppable = [
            index
            for index, cell in enumerate(self.plan.cells)
            for node in cell.nodes
            for branch in node
            if branch.droppable
        ]
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """Creates all variables; called by the constructor."""
        del input_shape
        for layer in self.blocks:
            if not layer.built:
                layer.build()

    def places(self) -> dict[str, keras.Variable]:
        """Returns every variable by its place, such as `cell_0_node_3_left/kernel`; networks of a cell share them."""
        return {f'{layer.name}/{name}': value for layer in self.blocks for name, value in layer.values.items()}

    def call(
        self,
        images: tf.Tensor,
        training: bool = False,
        progress: float | tf.Tensor = 1.0,
        seed: tf.Tensor | Sequence[int] | None = None,
        share: Share | None = None,
    ) -> Any:
        """Computes the logits.

        Args:
            images: [B, H, W, C], normalised, of any floating type.
            training: a Python bool; whether to use batch statistics, dropping and the auxiliary head.
            progress: step / total steps, for the schedule of drop path.
            seed: int32 [2], another one for every step; needed in training if anything is dropped.
            share: what the images are of a global batch in a distributed training; None where they are all of it.

        Returns:
            Logits [B, classes] in float32; in training with an auxiliary head the pair (logits, its logits).

        Raises:
            InputError: if the images have another shape than the config says, or a seed is missing.
        """
        training = bool(training)
        config = self.config
        if tuple(images.shape[1:]) != config.image_shape:
            raise InputError(
                f'network {self.name!r} takes images [batch, {", ".join(map(str, config.image_shape))}], '
                f'not {list(images.shape)}'
            )
        seed = None if seed is None else tf.convert_to_tensor(seed)
        dropping = training and (config.drop_path_keep < 1 or config.dense_keep < 1)
        if dropping and seed is None:
            raise InputError(
                f'network {self.name!r}: training with drop_path_keep {config.drop_path_keep} and dense_keep '
                f'{config.dense_keep} needs seed, an int32 tensor of two elements, another one for every step'
            )
        step = Pass(training, share)
        x = tf.cast(images, self.compute_dtype)
        masks = self._masks(x, progress, seed, share) if training and config.drop_path_keep < 1 else None
        older = self._run(self.plan.stems[0], x, step)
        newer = self._run(self.plan.stems[1], older, step)
        auxiliary = None
        for index, cell in enumerate(self.plan.cells):
            older, newer = newer, self._run_cell(cell, older, newer, masks, step)
            if training and self.plan.auxiliary and index == self.plan.auxiliary_cell:
                auxiliary = self._run_auxiliary(newer, step)
        # The pytorch rules have no ReLU in front of the pooling.
        features = _spatial_mean(step.relu(newer) if config.rules == 'tf1' else newer)
        if training and config.dense_keep < 1:
            features = dropout(features, config.dense_keep, tf.random.experimental.stateless_fold_in(seed, 1), share)
        logits = self._run((self.plan.classifier,), features, step)
        return logits if auxiliary is None else (logits, auxiliary)

    def _run(self, steps: Steps, x: tf.Tensor, call: Pass) -> tf.Tensor:
        for step in steps:
            layer = self._by_name.get(step.name)
            x = step.block.apply(x, {}, call) if layer is None else layer.run(x, call)
            if x.shape[-1] != step.block.outputs or (len(x.shape) == 4 and tuple(x.shape[1:3]) != step.sides):
                raise InputError(
                    f'{step.name}: {type(step.block).__name__} returned {list(x.shape)}, but by its `sides` and '
                    f'`outputs` this is [batch, {step.sides[0]}, {step.sides[1]}, {step.block.outputs}]'
                )
        return x

    def _run_cell(
        self, cell: CellPlan, older: tf.Tensor, newer: tf.Tensor, masks: list[tf.Tensor] | None, call: Pass
    ) -> tf.Tensor:
        states = [self._run(steps, x, call) for steps, x in zip(cell.calibrations, (older, newer), strict=True)]
        for node in cell.nodes:
            outputs = []
            for branch in node:
                x = self._run(branch.steps, states[branch.input], call)
                if masks is not None and branch.droppable:
                    x = x * masks.pop(0)
                outputs.append(x)
            states.append(outputs[0] + outputs[1])
        loose = [self._run(steps, states[index], call) for index, steps in cell.outputs]
        return loose[0] if len(loose) == 1 else tf.concat(loose, -1)

    def _run_auxiliary(self, x: tf.Tensor, call: Pass) -> tf.Tensor:
        *blocks, dense = self.plan.auxiliary
        x = self._run(tuple(blocks), call.relu(x), call)
        return self._run((dense,), _spatial_mean(call.relu(x)), call)

    def _masks(self, x: tf.Tensor, progress: float | tf.Tensor, seed: Any, share: Share | None) -> list[tf.Tensor]:
        cells, keep = self.config.cells, self.config.drop_path_keep
        keeps = {index: drop_path_keep(index, cells, keep, progress) for index in range(cells)}
        batch = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
        seed = tf.random.experimental.stateless_fold_in(seed, 0)
        return drop_path_masks([keeps[index] for index in self._droppable], batch, seed, x.dtype, share)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs, as JSON types."""
        return {
            'cells': pair_to_json(self.cells),
            'config': self.config.to_json(),
            'seed': self.seed,
            'name': self.name,
            'dtype': keras.saving.serialize_keras_object(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> CellNetwork:
        """Rebuilds a network, with the initial weights of its seed.

        Raises:
            InputError: if the config is damaged, or names an operation whose file was not imported.
        """
        del custom_objects
        return cls(
            pair_from_json(config['cells']),
            NetworkConfig.from_json(config['config']),
            seed=config['seed'],
            name=config['name'],
            dtype=keras.saving.deserialize_keras_object(config['dtype']),
        )


def _spatial_mean(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(x, tf.float32), (1, 2))
