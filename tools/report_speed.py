"""Measures `nao report` on a search of a thousand children that is made up: the paper's 600 + 200 + 200.

    python tools/report_speed.py --trials=1000

The cells are random, their scores are noise around a share of convolutions; the work directory has a model, from which
the report takes what the multiply-adds are counted with. Printed are the seconds of the command, from start to end, and
those of the processor, which are about the same on a machine with other work.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import app, flags

from nao_tf.evaluators.child import save_model
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.search.config import default_config, flatten
from nao_tf.search.events import evaluated_event, proposed_event
from nao_tf.search.history import Trial
from nao_tf.search.journal import Journal
from nao_tf.search.workdir import CONFIG, JOURNAL, MODEL
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.registry import get_space

TRIALS = flags.DEFINE_integer('trials', 1000, 'children of the search', lower_bound=10)
FOLDER = flags.DEFINE_string('workdir', None, 'where to keep the work directory; none keeps it not')


def write_search(workdir: Path, trials: int) -> None:
    """Writes the config, the journal and the model of a search that was never made."""
    workdir.mkdir(parents=True)
    (workdir / CONFIG).write_text(json.dumps({**flatten(default_config()), 'data': 'made up', 'fingerprint': ''}))
    space, rng = get_space('nao_cnn'), np.random.default_rng(0)
    network = NetworkConfig(cells_per_stage=3, filters=32, image_shape=(32, 32, 3), classes=10)
    convolutions = [index for index, word in enumerate(space.vocabulary) if 'conv' in word]
    found, events, ranked = [], [{'event': 'session', 'time': 0}], []
    for number in range(1, trials + 1):
        round_ = 0 if number <= 0.6 * trials else 1 if number <= 0.8 * trials else 2
        cell = space.canonical(space.sample(rng))
        share = np.isin(cell.tokens, convolutions).mean()
        score = float(0.8 + 0.3 * share + 0.02 * round_ + rng.normal(0, 0.02))
        parent = ranked[int(rng.integers(len(ranked)))] if round_ else None
        proposal = Proposal(cell, 'ascent' if round_ else 'random', round_, score + 0.01 if round_ else None, parent)
        parameters = count_parameters(space.cells(cell), network)
        found.append(Evaluation(cell, score, metrics={'accuracy': score}, seconds=100.0, parameters=parameters))
        at = 100.0 * number
        events.append({**proposed_event(Trial(number, 'search', proposal)), 'elapsed': at - 100})
        events.append({'event': 'started', 'trial': number, 'attempt': 1, 'elapsed': at - 100})
        events.append({**evaluated_event(number, found[-1]), 'elapsed': at})
        if number in (int(0.6 * trials), int(0.8 * trials)):
            ranked = [row.architecture for row in sorted(found, key=lambda row: -row.score)[: trials // 5]]
    journal = Journal(workdir / JOURNAL)
    journal.append(events)
    journal.close()
    best = max(found, key=lambda row: row.score)
    classifier = ImageClassifier(
        CellNetwork(space.cells(best.architecture), network), [0.0] * 3, [1.0] * 3, tuple('0123456789')
    )
    save_model(classifier, workdir / MODEL)


def main(arguments: Sequence[str]) -> None:
    """Makes the search and times the report."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    with tempfile.TemporaryDirectory() as folder:
        workdir = Path(FOLDER.value or f'{folder}/run')
        if not workdir.exists():
            write_search(workdir, TRIALS.value)
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, '-m', 'nao_tf.cli', 'report', f'--workdir={workdir}'], check=True)
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f'{TRIALS.value} trials: {seconds:.1f} s, of the processor {used:.1f} s')


if __name__ == '__main__':
    app.run(main)
