"""The three models of a config, and their weights as one flat vector."""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from nao_tf.controller.attention import aligned_prior
from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.decoder import Decoder, FeedbackDecoder
from nao_tf.controller.encoder import Encoder
from nao_tf.controller.graph_encoder import GraphEncoder
from nao_tf.controller.predictor import Predictor
from nao_tf.spaces.base import SearchSpace


def _token_encoder(space: SearchSpace, **sizes) -> Encoder:
    return Encoder(len(space.vocabulary), space.length, **sizes)


def _graph_encoder(space: SearchSpace, **sizes) -> Encoder:
    return GraphEncoder(
        len(space.vocabulary), space.length, step_nodes=list(space.step_nodes), read_nodes=list(space.read_nodes),
        joint_words=[list(words) for words in joint_words(space)], **sizes,
    )  # fmt: skip


def joint_words(space: SearchSpace) -> list[tuple[int, ...]]:
    """Returns what the tokens of a branch after its first can be together, such as (kind, size).

    Empty where there is one token only, or more than `MOST_JOINT_WORDS` such words.
    """
    if space.branch_length < 3:
        return []
    words: set[tuple[int, ...]] = set()
    for start in range(0, space.length, space.branch_length):
        unfinished: list[tuple[tuple[int, ...], int]] = [((), 0)]
        for position in range(start + 1, start + space.branch_length):
            unfinished = [
                ((*word, int(token)), int(space.next_state[state, token]))
                for word, state in unfinished
                for token in np.flatnonzero(space.valid[position, state])
            ]
            if len(unfinished) > MOST_JOINT_WORDS:
                return []
        words.update(word for word, _ in unfinished)
    return sorted(words) if len(words) <= MOST_JOINT_WORDS else []


ENCODERS = {'tokens': _token_encoder, 'graph': _graph_encoder}
DECODERS = {'state_context': Decoder, 'state': FeedbackDecoder}

MOST_JOINT_WORDS = 100


class Models(NamedTuple):
    """Encoder, predictor and decoder, in this order in every flat vector of weights."""

    encoder: Encoder
    predictor: Predictor
    decoder: Decoder

    @property
    def variables(self) -> list[keras.Variable]:
        """All weights, in a fixed order."""
        return [variable for model in self for variable in model.trainable_variables]

    def flat(self) -> np.ndarray:
        """Returns a copy of all weights, float32 [P]."""
        return np.concatenate([np.ravel(variable.numpy()) for variable in self.variables])

    def assign(self, flat: np.ndarray) -> None:
        """Sets all weights from a flat vector [P]."""
        start = 0
        for variable in self.variables:
            size = int(np.prod(variable.shape))
            variable.assign(np.reshape(flat[start : start + size], variable.shape))
            start += size

    def scope(self, parts: list[tf.Tensor]) -> keras.StatelessScope:
        """Returns a scope in which the models compute with other weights, one tensor a variable."""
        return keras.StatelessScope(state_mapping=list(zip(self.variables, parts, strict=True)))

    def split(self, flat: tf.Tensor) -> list[tf.Tensor]:
        """Returns a flat vector [P] as one tensor a variable."""
        shapes = [tuple(variable.shape) for variable in self.variables]
        parts = tf.split(flat, [int(np.prod(shape)) for shape in shapes])
        return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]


def build_models(space: SearchSpace, config: ControllerConfig) -> Models:
    """Returns the three models for a space; their weights are set by `initial_weights`.

    Args:
        space: gives T, V and the tokens of a branch.
        config: gives the sizes and choices.
    """
    encoder = ENCODERS[config.structure](
        space,
        step_length=space.branch_length if config.encoder_step == 'branch' else 1,
        embedding=config.embedding,
        hidden=config.hidden,
        dropout=config.encoder_dropout,
        forget_bias=config.forget_bias,
    )
    predictor = Predictor(
        config.hidden,
        widths=config.predictor_hidden,
        head=config.head,
        renormalise=config.renormalise_mean,
        dropout=config.predictor_dropout,
    )
    decoder = DECODERS[config.readout](
        len(space.vocabulary),
        config.hidden,
        positions=space.length,
        steps=space.length // encoder.step_length,
        attention=config.attention,
        start=config.decoder_start,
    )
    return Models(encoder, predictor, decoder)


def decay_factors(models: Models, config: ControllerConfig) -> np.ndarray:
    """Returns the weight decay of every weight, float32 [P]."""
    parts = []
    for model in models:
        for variable in model.trainable_variables:
            if variable is models.encoder.lstm.recurrent:
                factor = config.recurrent_decay
            else:
                factor = config.decoder_decay if model is models.decoder else config.weight_decay
            parts.append(np.full(int(np.prod(variable.shape)), factor, np.float32))
    return np.concatenate(parts)


def initial_weights(models: Models, config: ControllerConfig, rng: np.random.Generator) -> np.ndarray:
    """Draws new weights.

    Biases are 0 (the LSTM adds 1 to its forget gate). With `config.initial` r > 0 everything else is uniform in
    +-r; with 0 embeddings are normal, recurrent kernels orthogonal and other kernels Glorot-uniform.

    Args:
        models: give the shapes.
        config: gives `initial`.
        rng: the source of randomness.

    Returns:
        float32 [P].
    """
    parts = []
    for variable in models.variables:
        shape = tuple(variable.shape)
        if variable.name.rpartition('_')[0].endswith('bias') or variable.name.endswith('bias'):
            value = np.zeros(shape)
        elif variable.name == 'attention_prior':
            value = aligned_prior(*shape)
        elif config.initial:
            value = rng.uniform(-config.initial, config.initial, shape)
        elif variable.name.endswith('embedding'):
            value = rng.normal(0.0, 1.0 / np.sqrt(shape[1]), shape)
        elif variable.name == 'recurrent_kernel':
            blocks = [np.linalg.qr(rng.normal(size=(shape[0], shape[0])))[0] for _ in range(shape[1] // shape[0])]
            value = np.concatenate(blocks, axis=1)
            if variable is models.encoder.lstm.recurrent:
                value *= config.recurrent_scale
        else:
            bound = np.sqrt(6.0 / sum(shape))
            value = rng.uniform(-bound, bound, shape)
        parts.append(np.ravel(value))
    return np.concatenate(parts).astype(np.float32)
