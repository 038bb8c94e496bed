"""CellHyperModel: the paper's image networks as a KerasTuner HyperModel."""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner

from nao_tf.errors import InputError
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.spaces.registry import get_space
from nao_tf.tuner.cell_choices import CellChoices


class CellHyperModel(keras_tuner.HyperModel):
    """Builds and compiles the network of a pair of cells; what is tuned is the cells' tokens.

        model = nao_tf.CellHyperModel('enas_cnn', image_shape=(32, 32, 3), classes=10)
        tuner = nao_tf.NAOTuner(model, objective='val_accuracy', max_trials=200)
        tuner.search(images, labels, validation_split=0.1, epochs=10)

    `NAOTuner` knows the space by it; another oracle of this package is told: `SearcherOracle('evolution',
    cells=model.cells)`. KerasTuner's own oracles work too, and fail trials that are no architecture of the space.

    Args:
        space: name of a space of convolutional cells, or the space.
        image_shape: (H, W, C) in pixels and channels.
        classes: number of classes.
        cells_per_stage: N, normal cells in each of the three stages.
        filters: F, filters of the first stage.
        learning_rate: of momentum SGD (0.9), constant.
        seed: decides the initial weights.

    Raises:
        InputError: if there is no such space, it has no convolutional cells, or a number is out of range.
    """

    def __init__(
        self,
        space: str | CellPairSpace = 'nao_cnn',
        *,
        image_shape: tuple[int, int, int],
        classes: int,
        cells_per_stage: int = 1,
        filters: int = 8,
        learning_rate: float = 0.025,
        seed: int = 0,
    ):
        super().__init__()
        cells = get_space(space) if isinstance(space, str) else space
        if not isinstance(cells, CellPairSpace):
            raise InputError(f'CellHyperModel: {cells.name} is no space of convolutional cells, such as nao_cnn')
        self.cells = cells
        self.network = NetworkConfig(
            cells_per_stage=cells_per_stage, filters=filters, image_shape=image_shape, classes=classes
        )
        self.learning_rate = learning_rate
        self.seed = seed
        self._choices = CellChoices(cells)

    def build(self, hp: keras_tuner.HyperParameters) -> Any:
        """Returns the compiled network of a build's values.

        Args:
            hp: of the build.

        Raises:
            keras_tuner.errors.FailedTrialError: if they are no architecture of the space.
        """
        self._choices.declare(hp)
        try:
            architecture = self._choices.from_values(hp.values)
        except InputError as error:
            raise keras_tuner.errors.FailedTrialError(str(error)) from None
        model = CellNetwork(self.cells.cells(architecture), self.network, seed=self.seed)
        model.compile(
            optimizer=keras.optimizers.SGD(self.learning_rate, momentum=0.9),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=['accuracy'],
            jit_compile=False,  # on a CPU XLA takes longer to compile a cell network than a short training takes
        )
        return model
