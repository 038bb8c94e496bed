"""The train and evaluation steps of this package at the sizes of its papers, as functions to compile."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from nao_tf.controller.presets import preset
from nao_tf.controller.program import Batches, Program, Weights
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.registry import get_space
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.conv_supernet import ConvSupernet
from nao_tf.supernets.momentum import SharedMomentum
from nao_tf.supernets.recurrent_supernet import RecurrentSupernet
from nao_tf.supernets.recurrent_trainer import RecurrentTrainer
from nao_tf.supernets.trainer import SupernetTrainer
from nao_tf.tasks.corpus import Corpus
from nao_tf.tasks.make import task_from_arrays
from nao_tf.tasks.text import TextTask
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.config import TrainConfig
from nao_tf.training.language import LanguageTrainer
from nao_tf.training.language_config import LanguageTrainConfig
from tpu_check.chips import ChipReplicas, on_chip

IMAGE = (32, 32, 3)
CLASSES = 10
WORDS = 10_000


@dataclasses.dataclass(frozen=True)
class Size:
    """How large the networks of the steps are.

    Args:
        batch: of images, of all chips together.
        search: (N, F) of a search child.
        final: (N, F) of the final network.
        shared: (N, F) of the convolutional supernet.
        hidden: H of the language models.
        streams: batch of the language models, of all chips together.
        length: words of a segment.
    """

    batch: int = 128
    search: tuple[int, int] = (3, 32)
    final: tuple[int, int] = (6, 36)
    shared: tuple[int, int] = (2, 20)
    hidden: int = 850
    streams: int = 20
    length: int = 35


PAPER = Size()
SMALL = Size(batch=32, search=(1, 8), final=(1, 8), shared=(1, 8), hidden=64, streams=8, length=10)


@dataclasses.dataclass(frozen=True)
class Step:
    """One function to compile.

    Args:
        function: of tensors.
        specs: of the tensors that one chip gets.
        chips: that run it together.
        loops: whether it loops, so that operations in it are counted once.
    """

    function: Callable
    specs: tuple[tf.TensorSpec, ...]
    chips: int
    loops: bool = False


def _floats(*shape: int) -> tf.TensorSpec:
    return tf.TensorSpec(shape, tf.float32)


def _ints(*shape: int) -> tf.TensorSpec:
    return tf.TensorSpec(shape, tf.int32)


def _classifier(network: NetworkConfig, size: Size, chips: int, **recipe: object) -> ClassifierTrainer:
    images, labels = np.zeros((3 * CLASSES, *IMAGE), np.uint8), np.arange(3 * CLASSES) % CLASSES
    task = task_from_arrays(
        np.tile(images, (size.batch, 1, 1, 1)),
        np.tile(labels, size.batch),
        validation=(images, labels),
        test=(images, labels),
    )
    config = TrainConfig(batch_size=size.batch, **recipe)
    trainer = ClassifierTrainer(CellNetwork(named_cell('NAONet_A').cells, network, seed=0), task, config=config, seed=0)
    trainer.replicas = ChipReplicas(chips, size.batch, synchronized=config.batch_norm == 'synchronized')
    return trainer


def _image_specs(trainer: ClassifierTrainer) -> tuple[tf.TensorSpec, ...]:
    rows = trainer.replicas.size
    return _floats(rows, *IMAGE), _ints(rows), _floats(rows), _ints()


def child(size: Size, chips: int) -> Step:
    """A training step of a search child (A1, search column)."""
    stages, filters = size.search
    network = NetworkConfig(
        cells_per_stage=stages, filters=filters, image_shape=IMAGE, classes=CLASSES, drop_path_keep=0.7, auxiliary=True
    )
    trainer = _classifier(network, size, chips)
    return Step(on_chip(trainer.update, chips), _image_specs(trainer), chips)


def child_eval(size: Size, chips: int) -> Step:
    """An evaluation step of a search child."""
    stages, filters = size.search
    network = NetworkConfig(cells_per_stage=stages, filters=filters, image_shape=IMAGE, classes=CLASSES)
    trainer = _classifier(network, size, chips)
    return Step(on_chip(trainer.classify, chips), _image_specs(trainer)[:1], chips)


def final(size: Size, chips: int) -> Step:
    """A training step of the final network with auxiliary head, drop path and label smoothing (A1)."""
    stages, filters = size.final
    network = NetworkConfig(
        cells_per_stage=stages, filters=filters, image_shape=IMAGE, classes=CLASSES, drop_path_keep=0.6, auxiliary=True
    )
    trainer = _classifier(network, size, chips, label_smoothing=0.1)
    return Step(on_chip(trainer.update, chips), _image_specs(trainer), chips)


def controller(size: Size, chips: int) -> Step:
    """A training call of the controller (Eq. 1): its steps are a loop; it is not distributed."""
    del size, chips
    config = preset('default')
    program = Program(get_space('nao_cnn'), config)
    weights, batches = program.train.input_signature
    return Step(lambda *flat: program._train(Weights(*flat[:3]), Batches(*flat[3:])), (*weights, *batches), 1, True)


def _language(size: Size, chips: int) -> LanguageTrainer:
    ids = np.arange(size.streams * size.length * 4, dtype=np.int32) % WORDS
    words = ('<unk>', '<eos>', *map(str, range(WORDS - 2)))
    task = TextTask('words', Corpus('words', words, {'train': ids, 'valid': ids, 'test': ids}))
    network = LanguageNetwork(named_cell('NAO-RNN').cells, RecurrentConfig(vocabulary=WORDS, hidden=size.hidden))
    config = LanguageTrainConfig(
        batch_size=size.streams, eval_batch_size=size.streams, sequence_length=size.length, epochs=1
    )
    trainer = LanguageTrainer(network, task, config=config, seed=0)
    trainer.replicas = ChipReplicas(chips, size.streams)
    return trainer


def recurrent(size: Size, chips: int) -> Step:
    """A training step of a language model of one recurrent cell (A3): its words are a loop."""
    trainer = _language(size, chips)
    rows = trainer.replicas.size
    tokens = _ints(size.length, rows)
    specs = (tokens, tokens, _floats(size.length, rows), _floats(rows, size.hidden), _ints())
    return Step(on_chip(trainer.update, chips), specs, chips, True)


def recurrent_eval(size: Size, chips: int) -> Step:
    """An evaluation step of a language model."""
    trainer = _language(size, chips)
    rows = trainer.replicas.size
    tokens = _ints(size.length, rows)
    specs = (tokens, tokens, _floats(size.length, rows), _floats(rows, size.hidden))
    return Step(on_chip(trainer.summed_loss, chips), specs, chips, True)


def supernet(size: Size, chips: int) -> Step:
    """A training step of the convolutional supernet (A2), the architecture a tensor."""
    stages, filters = size.shared
    config = SupernetConfig(cells_per_stage=stages, filters=filters, image_shape=IMAGE, classes=CLASSES)
    shared = ConvSupernet(get_space('enas_cnn'), config, seed=0, execution='masked')
    trainer = SupernetTrainer(shared, SharedMomentum(shared), batch_size=size.batch, eval_batch_size=size.batch)
    trainer.replicas = ChipReplicas(chips, size.batch)
    rows = trainer.replicas.size
    specs = (_floats(rows, *IMAGE), _ints(rows), _floats(rows), shared.codes_spec, _floats(), _ints(), _floats())
    return Step(on_chip(trainer.update, chips), specs, chips)


def recurrent_supernet(size: Size, chips: int) -> Step:
    """A training step of the recurrent supernet (A3), the architecture a tensor."""
    config = RecurrentConfig(vocabulary=WORDS, hidden=size.hidden)
    shared = RecurrentSupernet(get_space('nao_rnn'), config, execution='masked')
    trainer = RecurrentTrainer(shared, batch_size=size.streams, eval_batch_size=size.streams)
    trainer.replicas = ChipReplicas(chips, size.streams)
    rows = trainer.replicas.size
    tokens = _ints(size.length, rows)
    state = _floats(rows, size.hidden)
    specs = (tokens, tokens, _floats(size.length, rows), state, _ints(), shared.codes_spec, _floats())
    return Step(on_chip(trainer.update, chips), specs, chips, True)


STEPS: dict[str, Callable[[Size, int], Step]] = {
    step.__name__: step
    for step in (
        child,
        child_eval,
        final,
        controller,
        recurrent,
        recurrent_eval,
        supernet,
        recurrent_supernet,
    )
}


def make_step(name: str, size: Size, chips: int, precision: str) -> Step:
    """Returns a step by its name.

    Args:
        name: of `STEPS`.
        size: of the networks.
        chips: that train together.
        precision: the Keras policy of convolutional networks; controller and language models are float32.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        return STEPS[name](size, chips)
    finally:
        keras.config.set_dtype_policy(before)
