"""A table from the official NATS-Bench topology files, read through the `nats_bench` package."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nao_tf.benchmarks.table import Table, mean_of_seeds
from nao_tf.errors import InputError
from nao_tf.spaces.nasbench201 import NASBench201Space

# Column (epochs are appended) -> data set and metric set as the benchmark calls them.
ACCURACIES = {
    'c10v_valid': ('cifar10-valid', 'x-valid'),
    'c10v_test': ('cifar10-valid', 'ori-test'),
    'c10_test': ('cifar10', 'ori-test'),
    'c100_valid': ('cifar100', 'x-valid'),
    'c100_test': ('cifar100', 'x-test'),
    'in16_valid': ('ImageNet16-120', 'x-valid'),
    'in16_test': ('ImageNet16-120', 'x-test'),
}
DATA_SETS = {'c10v': 'cifar10-valid', 'c10': 'cifar10', 'c100': 'cifar100', 'in16': 'ImageNet16-120'}
EPOCHS = ('12', '200')
# What the package raises where an architecture, a data set or a length of training is not in the files.
MISSING = (KeyError, ValueError, AssertionError, IndexError)


def open_benchmark(path: Path, *, unpickle: bool = False) -> Any:
    """Returns the package's reader of the official files.

    Args:
        path: `NATS-tss-v1_0-3ffb9-simple` (a folder), or `NATS-tss-v1_0-3ffb9.pickle.pbz2`.
        unpickle: whether the person knows that these files are pickles, which run what their author wrote.

    Raises:
        InputError: if the person does not, if the package is not installed, or the files cannot be read, or hold
            another number of cells.
    """
    try:
        import nats_bench
    except ModuleNotFoundError:
        raise InputError(
            'the official files are read through the package nats_bench, which is not installed: pip install nats_bench'
        ) from None
    if not path.exists():
        raise InputError(f'there are no NATS-Bench files at {path}; NATS-tss-v1_0-3ffb9-simple is a folder')
    if not unpickle:
        raise InputError(
            f'the files at {path} are pickles, which run whatever their author wrote into them; if they come from the '
            'authors of NATS-Bench: --unpickle'
        )
    try:
        benchmark = nats_bench.create(str(path), 'tss', fast_mode=path.is_dir(), verbose=False)
    except Exception as error:  # a pickle of any content: whatever it raises, the file is not the benchmark's
        what = ' '.join(f'{type(error).__name__}: {error}'.split())[:200]
        raise InputError(f'{path} is not what nats_bench reads as the topology benchmark: {what}') from None
    size = NASBench201Space().size
    if len(benchmark) != size:
        raise InputError(f'{path} lists {len(benchmark):,} architectures; the topology benchmark has {size:,}')
    return benchmark


def import_table(benchmark: Any, *, progress: Callable[[int], None] = lambda row: None) -> Table:
    """Returns the table of a NATS-Bench topology benchmark.

    Accuracies (%) are means over the trainings of a cell; what single trainings reached stands in the seeds.

    Args:
        benchmark: what `nats_bench.create` returns; its rows keep their order.
        progress: is called with the number of every row.

    Returns:
        Columns `c10v_valid200`, `c10_test200` and so on for 12 and 200 epochs, seconds, parameters and FLOPs. A
        column that no architecture has is left out.

    Raises:
        InputError: if an architecture has no results, or is not of the space.
    """
    space = NASBench201Space()
    architectures = []
    seeds: dict[str, list[list[float]]] = {}
    costs: dict[str, list[float]] = {}
    for row in range(len(benchmark)):
        progress(row)
        architectures.append(space.parse(benchmark.arch(row)))
        figures = 0
        for epochs in EPOCHS:
            try:
                results = benchmark.query_meta_info_by_index(row, hp=epochs)
            except MISSING:
                continue
            for name, (data, metric) in ACCURACIES.items():
                values = _accuracies(results, data, metric)
                figures += len(values)
                seeds.setdefault(name + epochs, [[] for _ in range(row)]).append(values)
            for name, data in DATA_SETS.items():
                for cost, value in _costs(results, name, data, epochs).items():
                    costs.setdefault(cost, [math.nan] * row).append(value)
        if not figures:
            raise InputError(f'architecture {row} has no results in the files; a folder has a file for each')
        for column in seeds.values():
            column.extend([] for _ in range(row + 1 - len(column)))
        for single in costs.values():
            single.extend([math.nan] * (row + 1 - len(single)))
        if getattr(benchmark, 'fast_mode', False):
            benchmark.arch2infos_dict.pop(row, None)  # or the whole benchmark would stay in memory
    by_seed = {name: _padded(rows) for name, rows in seeds.items()}
    by_seed = {name: array for name, array in by_seed.items() if array.shape[1]}
    columns = {name: mean_of_seeds(array) for name, array in by_seed.items()}
    columns |= {name: np.array(values) for name, values in costs.items() if not np.isnan(values).all()}
    return Table.of(space, architectures, columns, seeds=by_seed, source='NATS-Bench, topology search space')


def _accuracies(results: Any, data: str, metric: str) -> list[float]:
    """Returns the last epoch's accuracy of every training of an architecture on a data set."""
    try:
        seeds = results.get_dataset_seeds(data)
        return [float(results.get_metrics(data, metric, is_random=seed)['accuracy']) for seed in seeds]
    except MISSING:
        return []


def _costs(results: Any, name: str, data: str, epochs: str) -> dict[str, float]:
    """Returns seconds of a training and of an evaluation, millions of parameters and of FLOPs."""
    try:
        info = results.get_compute_costs(data)
    except MISSING:
        return {}
    figures = {f'{name}_train_sec{epochs}': info.get('T-train@total')}
    if epochs == EPOCHS[-1]:
        evaluation = info.get('T-x-valid@epoch', info.get('T-ori-test@epoch'))
        figures |= {
            f'{name}_eval_sec': evaluation,
            f'params_M_{name}': info['params'],
            f'flops_M_{name}': info['flops'],
        }
    return {column: float(value) for column, value in figures.items() if value is not None}


def _padded(rows: list[list[float]]) -> np.ndarray:
    """Returns rows of different lengths as float64 [rows, most], NaN behind the shorter ones."""
    result = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, values in enumerate(rows):
        result[row, : len(values)] = values
    return result
