"""ImageClassifier: a network with its normalisation and its class names, as it is saved and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.cell_network import CellNetwork


@keras.saving.register_keras_serializable(package='nao_tf')
class ImageClassifier(keras.Model):
    """Raw images in, class probabilities out; the file that a search leaves for its user.

    `keras.models.load_model(file)` opens a saved one after `import nao_tf`::

        model = keras.models.load_model('best.keras')
        probabilities = model.predict(images)  # uint8 or float, 0..255, [B, H, W, C]
        model.class_names[probabilities[0].argmax()]

    Args:
        network: gives the logits of normalised images.
        mean: per channel, in units of the raw images; C numbers.
        std: per channel, in units of the raw images; C numbers above 0.
        class_names: one name per class, in the order of the logits.
        white: raw value of a white pixel: 255, or 1 where the training images were between 0 and 1; None where they
            were neither.
        name: name of the model.

    Raises:
        InputError: if the numbers or names do not fit the network.
    """

    def __init__(
        self,
        network: CellNetwork,
        mean: Sequence[float],
        std: Sequence[float],
        class_names: Sequence[str],
        *,
        white: float | None = 255.0,
        name: str = 'image_classifier',
    ):
        super().__init__(name=name, dtype=network.dtype_policy, autocast=False)
        channels, classes = network.config.image_shape[2], network.config.classes
        for field, values in (('mean', mean), ('std', std)):
            if np.shape(values) != (channels,):
                raise InputError(
                    f'image classifier: {field} needs one number for each of {channels} channels, not {values!r}'
                )
        if not all(value > 0 for value in std):
            raise InputError(f'image classifier: std must be above 0 in every channel, not {std!r}')
        if len(class_names) != classes:
            raise InputError(f'image classifier: {classes} classes need as many names, not {len(class_names)}')
        self.network = network
        self.mean = tuple(float(value) for value in mean)
        self.std = tuple(float(value) for value in std)
        self.white = None if white is None else float(white)
        self._class_names = tuple(str(class_name) for class_name in class_names)
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to create: the network has its variables."""
        del input_shape

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the probabilities."""
        return self._class_names

    @property
    def pixels(self) -> str:
        """The range of the raw pixels that it takes, in words."""
        return 'of the range of the training images' if self.white is None else f'0 to {self.white:g}'

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the probabilities of raw images.

        Args:
            images: [B, H, W, C], uint8 or floating, 0..255.

        Returns:
            [B, classes], float32.
        """
        normalised = (tf.cast(images, tf.float32) - self.mean) / self.std
        return tf.nn.softmax(self.network(normalised, training=False))

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs, as JSON types."""
        return {
            'network': keras.saving.serialize_keras_object(self.network),
            'mean': list(self.mean),
            'std': list(self.std),
            'class_names': list(self.class_names),
            'white': self.white,
            'name': self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> ImageClassifier:
        """Rebuilds a classifier."""
        network = keras.saving.deserialize_keras_object(config['network'], custom_objects=custom_objects)
        return cls(
            network,
            config['mean'],
            config['std'],
            config['class_names'],
            white=config['white'],
            name=config['name'],
        )
