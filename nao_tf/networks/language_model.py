"""LanguageModel: a network with its vocabulary, as it is saved and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.language_network import LanguageNetwork


@keras.saving.register_keras_serializable(package='nao_tf')
class LanguageModel(keras.Model):
    """Word ids in, probabilities of the next word out; the file that a search on text leaves for its user.

    `keras.models.load_model(file)` opens a saved one after `import nao_tf`::

        model = keras.models.load_model('best.keras')
        ids = [[model.vocabulary.index(word) for word in ('the', 'value', 'of')]]  # or of '<unk>'
        probabilities = model.predict(numpy.array(ids))  # [B, T, V]
        model.vocabulary[probabilities[0, -1].argmax()]

    Args:
        network: gives the logits.
        vocabulary: one word for each id.
        name: name of the model.

    Raises:
        InputError: if the vocabulary has another size than the network's.
    """

    def __init__(self, network: LanguageNetwork, vocabulary: Sequence[str], *, name: str = 'language_model'):
        super().__init__(name=name, dtype='float32', autocast=False)
        if len(vocabulary) != network.config.vocabulary:
            raise InputError(
                f'language model: {network.config.vocabulary} words need as many names, not {len(vocabulary)}'
            )
        self.network = network
        self._vocabulary = tuple(str(word) for word in vocabulary)
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to create: the network has its variables."""
        del input_shape

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, by their ids."""
        return self._vocabulary

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the probabilities of the word behind each position, from the beginning of a text.

        Args:
            tokens: int [B, T], ids of words; batch first, as Keras's `predict` wants it. T is static.

        Returns:
            [B, T, V], float32.
        """
        logits, _ = self.network(tf.transpose(tf.cast(tokens, tf.int32)))
        return tf.transpose(tf.nn.softmax(logits), (1, 0, 2))

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs, as JSON types."""
        return {
            'network': keras.saving.serialize_keras_object(self.network),
            'vocabulary': list(self.vocabulary),
            'name': self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> LanguageModel:
        """Rebuilds a language model."""
        network = keras.saving.deserialize_keras_object(config['network'], custom_objects=custom_objects)
        return cls(network, config['vocabulary'], name=config['name'])
