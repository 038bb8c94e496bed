"""The development spaces: what hyper-parameters are chosen on, so that NAS-Bench-201 stays unread (docs/search.md)."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from nao_tf.benchmarks.problem import Cells, Problem, Source, TableSource
from nao_tf.benchmarks.synthetic import DEVIATION, NOISE, SyntheticScore
from nao_tf.errors import InputError
from nao_tf.evaluators.base import Evaluator, child_seed
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.pool import PoolSpace
from nao_tf.spaces.registry import get_space

DATA = 'NAO_TF_TEST_DATA'  # environment variable with the folder of the tables
TUNING = Path(__file__).resolve().parents[2] / 'tools' / 'tuning'
TUNED = ('diabetes_trees', 'digits_cnn', 'cancer_mlp')  # its searches
SCALED_ON = 2000  # uniform draws of a space whose cells are not listed


class NoisyScore(Evaluator):
    """A known score with noise that belongs to the cell: the same whenever and by whomever it is asked for.

    Args:
        score: without noise.
        seed: of the noise, which is a hash of it and of the cell.
        noise: standard deviation.
    """

    def __init__(self, score: Callable[[Architecture], float], *, seed: int, noise: float):
        self.score = score
        self.seed = seed
        self.noise = noise

    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the noisy score of one canonical architecture.

        Args:
            architecture: what is evaluated.
        """
        generator = np.random.default_rng(child_seed(self.seed, architecture))
        return Evaluation(architecture, self.score(architecture) + self.noise * float(generator.normal()))


@dataclasses.dataclass(frozen=True)
class SyntheticProblem(Problem):
    """A space of cell pairs with a made-up score: the signal has noise, the report has none.

    Args:
        space: of the cells.
        evaluator: of the signal.
        sample: false.
        score: without noise.
    """

    score: Callable[[Architecture], float]

    @property
    def listed(self) -> Collection[Architecture]:
        """Nothing: there are too many cells."""
        return ()

    def holds(self, architecture: Architecture) -> bool:
        """Returns True: every cell has a score."""
        del architecture
        return True

    def report(self, architecture: Architecture) -> float:
        """Returns the score without noise."""
        return self.score(architecture)


@dataclasses.dataclass(frozen=True)
class SyntheticSource(Source):
    """`nao_tf.benchmarks.synthetic` on a built-in space.

    Args:
        valid: name of the signal.
        test: name of the report.
        space: name of a convolutional space.
        seed: of the score's tables and of the noise.
    """

    space: str
    seed: int

    def open(self) -> SyntheticProblem:
        """Returns the problem."""
        space = get_space(self.space)
        assert isinstance(space, ConvCellSpace)
        score = SyntheticScore(space, seed=self.seed)
        noisy = NoisyScore(score, seed=self.seed, noise=NOISE * DEVIATION)
        return SyntheticProblem(space=space, evaluator=noisy, sample=False, score=score)


@dataclasses.dataclass(frozen=True)
class PoolSource(Source):
    """A table whose cells are the whole world (`nao_tf.spaces.pool`), all of them or a half.

    Args:
        valid: name of the signal's column.
        test: name of the report's column.
        table: the table.
        half: 0 for all cells; another number draws one half of them, another half for each number.
    """

    table: TableSource
    half: int

    def open(self) -> Cells:
        """Returns the cells, on a space that has no others."""
        cells = self.table.open()
        kept = list(cells.rows)
        if self.half:
            order = np.random.default_rng([self.half, 101]).permutation(len(kept))[: len(kept) // 2]
            kept = [kept[index] for index in sorted(order.tolist())]
        rows = {cell: cells.rows[cell] for cell in kept}
        return dataclasses.replace(cells, space=PoolSpace(cells.space, kept), sample=False, rows=rows)


def synthetic(space: str, number: int) -> Source:
    """Returns the source of a synthetic score: tables and noise of a seed."""
    return SyntheticSource('score with noise', 'score', space, number)


def nasbench101(number: int) -> Source:
    """Returns the source of the sample of NAS-Bench-101, or of one half of it."""
    column = 'valid_acc_108'  # the sample has no test accuracy: what is found is reported
    return PoolSource(
        column, column, TableSource(column, column, data_file('nasbench101_10k.npz'), 'nasbench101'), number
    )


def kerastuner(number: int) -> Source:
    """Returns the source of a tabulated KerasTuner search of `tools/tuning`, every configuration of it.

    Raises:
        InputError: if there is none of that number, or this is no checkout.
    """
    if not TUNING.is_dir():
        raise InputError(f'kerastuner:{number} is in tools/tuning of a checkout; there is no folder {TUNING}')
    if number >= len(TUNED):
        raise InputError(f'there is no development space kerastuner:{number}; the last is kerastuner:{len(TUNED) - 1}')
    name = TUNED[number]
    return TableSource('score', 'score', str(TUNING / 'tables' / f'{name}.npz'), name, str(TUNING / f'{name}.py'))


# A space's name -> the source of one instance of it by its number, 0, 1, ...; a new space is a line here.
SPACES: dict[str, Callable[[int], Source]] = {
    'enas_cnn': functools.partial(synthetic, 'enas_cnn'),  # 40 tokens, 5 operations
    'nao_cnn': functools.partial(synthetic, 'nao_cnn'),  # 60 tokens, 11 operations
    'nasbench101': nasbench101,
    'kerastuner': kerastuner,
}


def data_file(name: str) -> str:
    """Returns the path of a file of the folder that the environment names.

    Raises:
        InputError: if it does not name one.
    """
    folder = os.environ.get(DATA)
    if not folder:
        raise InputError(
            f'{name} is looked for in the folder that the environment variable {DATA} names; it is not set'
        )
    return str(Path(folder) / name)


def development_source(name: str) -> Source:
    """Returns the source of an instance of a development space.

    Args:
        name: such as `enas_cnn:3`; `enas_cnn` is `enas_cnn:0`.

    Raises:
        InputError: if there is no such space, or the number is none.
    """
    space, _, number = name.partition(':')
    if space not in SPACES:
        raise InputError(f'there is no development space {space!r}; there are {", ".join(SPACES)}')
    if number and not number.isdecimal():
        raise InputError(f'development space {name!r}: {number!r} is no number of an instance, such as {space}:1')
    return SPACES[space](int(number or 0))


@dataclasses.dataclass(frozen=True)
class Scale:
    """A scale that problems share: 0 is the median cell, 1 the best of a hundred.

    Args:
        median: of the report.
        high: its 99th percentile.
    """

    median: float
    high: float

    @classmethod
    def of(cls, problem: Problem) -> Scale:
        """Returns the scale of a problem, by all of its cells or by uniform draws."""
        generator = np.random.default_rng(0)
        cells = problem.listed or [problem.space.canonical(problem.space.sample(generator)) for _ in range(SCALED_ON)]
        median, high = np.nanquantile([problem.report(cell) for cell in cells], [0.5, 0.99])
        return cls(float(median), float(high))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Returns values of the report on the scale."""
        return (np.asarray(values) - self.median) / (self.high - self.median)
