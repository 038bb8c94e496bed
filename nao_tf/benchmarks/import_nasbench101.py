"""A table from the official record file of NAS-Bench-101, read with tf.data."""

from __future__ import annotations

import array
import base64
import binascii
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from nao_tf.benchmarks.table import Table, mean_of_seeds
from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.nasbench101 import NASBench101Space

MODULES = 423_624  # of the official files, nasbench_only108.tfrecord and nasbench_full.tfrecord
# Fields of an evaluation by number; there is one at the start, half-way and at the end of a training.
EVALUATION = {
    'current_epoch': 1,
    'training_time': 2,
    'train_accuracy': 3,
    'validation_accuracy': 4,
    'test_accuracy': 5,
}
# Column (epochs are appended) -> field of the last evaluation.
COLUMNS = {
    'valid_acc': 'validation_accuracy',
    'test_acc': 'test_accuracy',
    'train_acc': 'train_accuracy',
    'train_sec': 'training_time',
}
CHECKED = 1000  # modules whose hash is computed and compared


@functools.cache
def metrics_message() -> type[message.Message]:
    """Returns the class of the metrics of one training, as the record file writes them (protobuf, `ModelMetrics`)."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name='nao_tf/nasbench101.proto', package='nao_tf.nasbench101')
    evaluation = file.message_type.add(name='Evaluation')
    for name, number in EVALUATION.items():
        evaluation.field.add(name=name, number=number, type=field.TYPE_DOUBLE, label=field.LABEL_OPTIONAL)
    metrics = file.message_type.add(name='Metrics')
    metrics.field.add(
        name='evaluations', number=1, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED,
        type_name='.nao_tf.nasbench101.Evaluation',
    )  # fmt: skip
    metrics.field.add(name='parameters', number=2, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName('nao_tf.nasbench101.Metrics'))


def records(path: Path) -> Iterator[bytes]:
    """Yields the records of a file.

    Args:
        path: of a .tfrecord file.

    Raises:
        InputError: if it is missing, cut off, or no record file.
    """
    if not path.is_file():
        raise InputError(f'there is no record file {path}')
    count = 0
    try:
        for batch in tf.data.TFRecordDataset(str(path)).batch(4096).as_numpy_iterator():
            yield from batch
            count += len(batch)
    except tf.errors.OpError as error:
        raise InputError(
            f'{path} is no whole TFRecord file (read to about record {count}): {" ".join(error.message.split())[:160]}'
        ) from None


def import_table(
    path: Path, *, modules: int | None = MODULES, progress: Callable[[int], None] = lambda record: None
) -> Table:
    """Returns the table of an official record file: a row a module, in the file's order, in canonical form.

    Accuracies are fractions, means over the trainings of a module (three in the official files), which the seeds hold.

    Args:
        path: nasbench_only108.tfrecord or nasbench_full.tfrecord.
        modules: how many modules there have to be; None for any number.
        progress: is called with the number of every record.

    Returns:
        Columns `valid_acc_108`, `test_acc_108`, `train_acc_108`, `train_sec_108`, the same for 4, 12 and 36 epochs
        where the file has them, and `params`.

    Raises:
        InputError: if the file is not such a file, or is incomplete.
    """
    space = NASBench101Space()
    rows: dict[str, int] = {}
    architectures: list[Architecture] = []
    parameters: list[int] = []
    owners, lengths, figures = array.array('q'), array.array('q'), array.array('d')
    for number, record in enumerate(records(path)):
        progress(number)
        try:
            name, epochs, adjacency, operations, encoded = json.loads(record)
            row = rows.setdefault(name, len(rows))
            if row == len(architectures):
                architectures.append(_architecture(space, name, adjacency, operations, check=row < CHECKED))
            metrics: Any = metrics_message().FromString(base64.b64decode(encoded, validate=True))
            final = metrics.evaluations[2]
            lengths.append(int(epochs))
        except (ValueError, TypeError, IndexError, AttributeError, binascii.Error, message.DecodeError) as error:
            what = ' '.join(str(error).split())[:200]
            raise InputError(f'{path}, record {number}: not a record of NAS-Bench-101: {what}') from None
        if row == len(parameters):
            parameters.append(metrics.parameters)
        owners.append(row)
        figures.extend(getattr(final, field) for field in COLUMNS.values())
    if modules is not None and len(rows) != modules:
        raise InputError(f'{path} holds {len(rows):,} modules, the official file {modules:,}; it is incomplete')
    by_seed = dict(
        _by_seed(np.array(owners), np.array(lengths), np.array(figures).reshape(-1, len(COLUMNS)), len(rows))
    )
    columns = {name: mean_of_seeds(trainings) for name, trainings in by_seed.items()}
    columns['params'] = np.array(parameters, float)
    table = Table.of(space, architectures, columns, seeds=by_seed, source=f'NAS-Bench-101, {path.name}', canonical=True)
    if len(table.classes) != len(table):
        raise InputError(f'{path} holds {len(table):,} modules, but only {len(table.classes):,} different ones')
    return table


def _architecture(space: NASBench101Space, name: str, adjacency: str, operations: str, *, check: bool) -> Architecture:
    """Returns the canonical cell of a record's matrix (a string of 0 and 1) and labels (joined by commas)."""
    labels = operations.split(',')
    size = len(labels)
    if len(adjacency) != size * size:
        raise ValueError(f'{size} operations, but {len(adjacency)} entries of the adjacency matrix')
    matrix = [[int(entry) for entry in adjacency[size * row : size * (row + 1)]] for row in range(size)]
    architecture = space.from_json({'module_adjacency': matrix, 'module_operations': labels})
    if check and space.module_hash(architecture) != name:
        raise ValueError(f'the hash of the module is {space.module_hash(architecture)}, not {name}')
    return space.canonical(architecture)


def _by_seed(
    owners: np.ndarray, lengths: np.ndarray, figures: np.ndarray, rows: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the columns of every length of training, float64 [rows, trainings], NaN where there are fewer.

    Args:
        owners: int [R], the row of each record.
        lengths: int [R], its epochs.
        figures: float64 [R, columns].
        rows: number of modules.
    """
    for epochs in np.unique(lengths).tolist():
        chosen = np.flatnonzero(lengths == epochs)
        chosen = chosen[np.argsort(owners[chosen], kind='stable')]
        own = owners[chosen]
        counts = np.bincount(own, minlength=rows)
        training = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)
        for column, name in enumerate(COLUMNS):
            result = np.full((rows, counts.max()), np.nan)
            result[own, training] = figures[chosen, column]
            yield f'{name}_{epochs}', result
