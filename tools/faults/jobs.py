"""The commands that are killed: small, each with what two runs of it have in common."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
from faults.tuner_cluster import run_cluster

SPACE = '--config.space.module=tests/support/tiny_space.py'
CHILD = ('--config.threads=1', '--config.child.filters=2', '--config.child.epochs=1', '--config.child.batch_size=128')
SEARCH = (
    *('search', '--config=configs/digits.py', SPACE, *CHILD, '--config.max_attempts=100000'),
    *('--config.searcher.initial=4', '--config.searcher.rounds=1', '--config.searcher.per_round=2'),
    *('--config.searcher.seeds=2', '--config.searcher.controller.epochs=5'),
    *('--config.searcher.controller.least_steps=0', '--config.searcher.controller.hidden=16'),
)
RAY = (*SEARCH, '--executor=ray', '--workers=2')
SHARING = (
    *('search', '--config=configs/digits_ws.py', *CHILD, '--config.max_attempts=100000'),
    '--config.space.module=tests/end_to_end/data/one_node.py',
    *('--config.sharing.filters=2', '--config.sharing.epochs=2', '--config.sharing.batch_size=128'),
    *('--config.sharing.finalists=1', '--config.sharing.ranked=3', '--config.searcher.name=evolution'),
    *('--config.searcher.initial=12', '--config.searcher.rounds=1', '--config.searcher.per_round=4'),
)
TEXT = (
    *('search', '--config=configs/text_quickstart.py', '--config.threads=1', '--config.max_attempts=100000'),
    *('--config.task.min_count=20', '--config.task.train_tokens=3000', '--config.child.hidden=8'),
    *('--config.searcher.name=evolution', '--config.searcher.initial=3', '--config.searcher.rounds=1'),
    *('--config.searcher.per_round=2', '--config.baseline=none'),
)
TRAIN = (
    *('train', '--config=configs/cifar10_final.py', '--config.task.name=digits', SPACE, '--config.task.validation=0.3'),
    *('--config.task.augment.cutout=0', '--config.child.auxiliary=False'),
    '--config.architecture=node_2 conv 1x1 node_1 identity 1x1 node_2 max_pool 3x3 node_1 conv 1x1',
    *('--config.child.cells_per_stage=1', *CHILD),
    *('--config.child.epochs=3', '--config.child.batch_size=64', '--config.child.score=best'),
)


def nao(arguments: tuple[str, ...]) -> int:
    """Runs `nao` in this process, with a checkpoint wherever there can be one: a minute is longer than all of it."""
    from nao_tf.cli import main
    from nao_tf.evaluators import child
    from nao_tf.final import classifier
    from nao_tf.search.sharing import loop

    child.CHECKPOINT_SECONDS = classifier.CHECKPOINT_SECONDS = loop.CHECKPOINT_SECONDS = 0.0
    return main(['nao', *arguments])


def tuner(arguments: tuple[str, ...]) -> int:
    """Runs a KerasTuner search without training in this process, the one that the tests use."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.tuner.black_box import make_tuner

    made = make_tuner(arguments[0], 'evolution')
    made.seconds = 0.05  # of a trial
    made.search(verbose=0)
    return 0


@dataclasses.dataclass(frozen=True)
class Job:
    """A command that is killed and given again.

    Args:
        command: of a folder: the arguments of the program.
        result: of a folder: what two runs have in common, once the command has ended.
        before: arguments of a command whose folder `source` is there before, or none.
        victims: of the processes that the command has begun: those of which one is killed; None to kill the command.
        program: of the arguments; returns the exit code.
        interval: longest time between two kills, in seconds; None for that of an uninterrupted run.
    """

    command: Callable[[Path], tuple[str, ...]]
    result: Callable[[Path], Any]
    before: tuple[str, ...] = ()
    victims: Callable[[list[psutil.Process]], list[psutil.Process]] | None = None
    program: Callable[[tuple[str, ...]], int] = nao
    interval: float | None = None


def trials(workdir: Path) -> dict[int, list[Any]]:
    """Returns what a journal says of each trial; a trial that ended twice is an error."""
    rows: dict[int, list[Any]] = {}
    for line in (workdir / 'trials.jsonl').read_text().splitlines():
        try:
            event = json.loads(line)
        except ValueError:  # a line that a kill has torn
            continue
        if event['event'] == 'proposed':
            rows[event['trial']] = [event[name] for name in ('tokens', 'arm', 'round', 'origin', 'predicted')]
        elif event['event'] in ('finished', 'failed'):
            if len(rows[event['trial']]) != 5:
                raise AssertionError(f'{workdir}: trial {event["trial"]} ended twice')
            rows[event['trial']] += [event['event'], event['score'], event['metrics']]
    return rows


def weights(path: Path) -> dict[str, list[float]]:
    """Returns the weights in a `.keras` file, by their names."""
    found: dict[str, list[float]] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[name] = np.asarray(node).ravel().tolist()

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read('model.weights.h5'))) as file:
        file.visititems(visit)
    return found


def search_result(workdir: Path) -> Any:
    """Returns the trials, their scores, and the weights of the best."""
    return trials(workdir), weights(workdir / 'best_model.keras')


def sharing_result(workdir: Path) -> Any:
    """Returns that of a search, the shared weights, and all rounds, scores and candidates."""
    with np.load(workdir / 'sharing.npz', allow_pickle=False) as arrays:
        shared = {name: arrays[name].ravel().tolist() for name in arrays.files if name != 'about'}
        about = json.loads(arrays['about'].tobytes())
    return search_result(workdir), shared, without_seconds(about)


def without_seconds(value: Any) -> Any:
    """Returns a JSON value without its fields of times."""
    if isinstance(value, dict):
        return {name: without_seconds(inner) for name, inner in value.items() if 'seconds' not in name}
    return [without_seconds(inner) for inner in value] if isinstance(value, list) else value


def training_result(workdir: Path) -> Any:
    """Returns the summary and the weights of both models."""
    summary = json.loads((workdir / 'summary.json').read_text())
    return summary, weights(workdir / 'best_model.keras'), weights(workdir / 'last_model.keras')


def benchmark_result(output: Path) -> Any:
    """Returns the cells and the values of every run."""
    found = {}
    for file in sorted(output.glob('*/run-*.jsonl')):
        events = [json.loads(line) for line in file.read_text().splitlines()]
        found[str(file.relative_to(output))] = [
            (event['event'], event.get('tokens'), event.get('score'), event.get('strings')) for event in events
        ]
    return found


def benchmark(output: Path) -> tuple[str, ...]:
    """Returns the command of a small benchmark; its table lies beside the folder, and is made if it does not."""
    from nao_tf.benchmarks.table import Table
    from nao_tf.searchers.enumeration import canonical_cells
    from nao_tf.spaces.registry import get_space

    table = output.parent / 'table.npz'
    if not table.exists():
        space = get_space('', module='tests/support/tiny_space.py')
        cells = canonical_cells(space)
        Table.of(space, cells, {'valid': np.random.default_rng(0).random(len(cells))}).save(table)
    return (
        *('benchmark', '--config=configs/nasbench201.py', SPACE, '--config.space.name=tiny', f'--table={table}'),
        *('--config.table.valid=valid', '--config.table.test=valid', '--searchers=random,tournament', '--seeds=4'),
        *('--budget=20', '--config.reference=random', f'--output={output}'),
    )


def tuner_result(directory: Path) -> Any:
    """Returns the values and the score of every trial, in the order in which they were made."""
    project = directory / 'untitled_project'
    state = json.loads((project / 'oracle.json').read_text())
    if sorted(state['end_order']) != sorted(state['start_order']):
        raise AssertionError(f'{project}: {state["end_order"]} have ended, of {state["start_order"]}')
    read = [json.loads((project / f'trial_{name}' / 'trial.json').read_text()) for name in state['start_order']]
    return [(trial['hyperparameters']['values'], trial['score'], trial['status']) for trial in read]


def busy_workers(family: list[psutil.Process]) -> list[psutil.Process]:
    """Returns the workers of Ray that work; its agents, without which a node ends itself, are none."""
    names = {member: member.name() for member in family}
    return [member for member, name in names.items() if 'ray::' in name and 'IDLE' not in name and 'Agent' not in name]


def of(arguments: tuple[str, ...], flag: str = '--workdir') -> Callable[[Path], tuple[str, ...]]:
    """Returns a function from a folder to a command that works in it."""
    return lambda folder: (*arguments, f'{flag}={folder}')


JOBS = {
    'search': Job(of(SEARCH), search_result),
    'ray_driver': Job(of(RAY), search_result),
    'ray_worker': Job(of((*RAY, '--config.searcher.initial=20')), search_result, victims=busy_workers, interval=15.0),
    'sharing': Job(of(SHARING), sharing_result),
    'text': Job(of(TEXT), search_result),
    'train': Job(of(TRAIN), training_result),
    'benchmark': Job(benchmark, benchmark_result),
    'tuner': Job(lambda folder: (str(folder),), tuner_result, program=tuner),
    'tuner_cluster': Job(
        lambda folder: (str(folder),), tuner_result, victims=lambda family: family, program=run_cluster
    ),
    'export': Job(
        lambda folder: (
            *('export', f'--workdir={folder.parent / "source"}', '--format=keras', '--overwrite'),
            f'--output={folder / "model.keras"}',
        ),
        lambda folder: weights(folder / 'model.keras'),
        before=SEARCH,
    ),
    'report': Job(
        lambda folder: ('report', f'--workdir={folder.parent / "source"}', f'--output={folder / "report.html"}'),
        lambda folder: re.sub(r'\(\d+ s\)', '', (folder / 'report.html').read_text()),  # of a fit
        before=SEARCH,
    ),
}
