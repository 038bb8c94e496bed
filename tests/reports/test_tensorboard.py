"""TensorBoard's own readers open what a search wrote, and a session that goes on writes nothing twice."""

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.plugins.projector import ProjectorConfig
from tensorboard.util import tensor_util

from nao_tf.reports.source import open_source
from nao_tf.reports.tensorboard import FOLDER, TensorBoard
from nao_tf.search.history import History
from nao_tf.search.journal import Journal
from nao_tf.search.watch import Lenient
from tests.reports.conftest import ROWS, write_workdir


def written(workdir):
    """Lets a search run again, child by child, before TensorBoard's eyes: a session, a stop, and the rest."""
    source = open_source(workdir)
    events = Journal(workdir / 'trials.jsonl').read()
    half = len(events) // 2
    for begin, end in ((0, half), (half, len(events))):
        history = History(events[:begin], source.space.name)
        board = TensorBoard()
        board.opened(workdir, source.space, history)
        for event in events[begin:end]:
            history.apply(event)
            if event['event'] in ('finished', 'failed'):
                board.ended(history.trials[event['trial']], history)
        board.closed(history)
    board.finished(history)
    return history, EventMultiplexer().AddRunsFromDirectory(str(workdir / FOLDER)).Reload()


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    workdir = write_workdir(tmp_path_factory.mktemp('board') / 'run', ROWS)
    return workdir, *written(workdir)


def scalars(runs, run, tag):
    return [(event.step, round(float(tensor_util.make_ndarray(event.tensor_proto)), 6)) for event in
            runs.Tensors(run, tag)]  # fmt: skip


def test_scalars_of_children_and_rounds_stand_there_once(board):
    _, history, runs = board
    own = [trial for trial in history.of_arm('search') if trial.finished]
    assert scalars(runs, 'search', 'score') == [(trial.id, round(trial.score, 6)) for trial in own]
    best = np.maximum.accumulate([trial.score for trial in own])
    assert [value for _, value in scalars(runs, 'search', 'best')] == pytest.approx(best)
    assert scalars(runs, 'search', 'parameters')[0] == (1, 400.0)
    assert scalars(runs, 'baseline', 'score') == [(9, 0.55), (10, 0.75)]
    assert scalars(runs, 'baseline', 'best') == [(9, 0.6), (10, 0.75)]  # of the shared start
    assert scalars(runs, 'search', 'rounds/mean_score')[0] == (0, 0.5)
    assert [step for step, _ in scalars(runs, 'search', 'rounds/mean_predicted')] == [1, 2]


def test_rounds_stand_there_while_the_search_goes_on(tmp_path):
    workdir = write_workdir(tmp_path / 'run', ROWS)
    source = open_source(workdir)
    events = Journal(workdir / 'trials.jsonl').read()
    history, board = History([], source.space.name), TensorBoard()
    board.opened(workdir, source.space, history)
    seen = []
    for event in events:
        history.apply(event)
        if event['event'] in ('finished', 'failed'):
            trial = history.trials[event['trial']]
            board.ended(trial, history)
            runs = EventMultiplexer().AddRunsFromDirectory(str(workdir / FOLDER)).Reload()
            tags = runs.GetAccumulator('search').Tags()['tensors']
            written = scalars(runs, 'search', 'rounds/mean_score') if 'rounds/mean_score' in tags else []
            seen.append((trial.arm, trial.proposal.round, len(written)))
    assert all(count == number for arm, number, count in seen if arm == 'search')
    assert ('search', 2, 2) in seen
    record = {'round': 1, 'loss': 2.0, 'mean_score': 0.5, 'best_score': 0.7, 'mean_new': None, 'mean_predicted': None}
    board.shared_round({**record, 'controller': {'loss': 0.25}})
    board.closed(history)
    runs.Reload()
    assert [step for step, _ in scalars(runs, 'search', 'rounds/mean_score')] == [0, 1, 2]
    assert scalars(runs, 'search', 'shared/mean_score') == [(1, 0.5)]
    assert scalars(runs, 'search', 'shared/controller/loss') == [(1, 0.25)]


def test_images_of_the_best_cells(board):
    _, _, runs = board
    events = runs.Tensors('search', 'best cell')
    assert [event.step for event in events] == [1, 2, 4, 6]
    width, height, image = tensor_util.make_ndarray(events[0].tensor_proto)
    assert int(width) > 200
    assert int(height) > 100
    assert image.startswith(b'\x89PNG')


def test_every_trial_has_its_hparams(board):
    _, history, runs = board
    trials = [run for run in runs.Runs() if run.startswith('trials/')]
    assert len(trials) == sum(trial.finished for trial in history.trials.values())
    content = runs.SummaryMetadata('trials/00004', metadata.SESSION_START_INFO_TAG).plugin_data.content
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert start.group_name == 'trial 4'
    values = dict(start.hparams)
    assert values['origin'].string_value == 'ascent'
    counts = [value.number_value for name, value in values.items() if name.startswith('count of ')]
    assert sum(counts) == len(history.trials[4].proposal.architecture.tokens)
    assert scalars(runs, 'trials/00004', 'score') == [(4, 0.8)]


def test_the_projector_has_the_embedding_with_its_scores(board):
    workdir, history, _ = board
    folder = workdir / FOLDER / 'search'
    config = text_format.Parse((folder / 'projector_config.pbtxt').read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    states = np.loadtxt(folder / embedding.tensor_path, delimiter='\t')
    head, *rows = [line.split('\t') for line in (folder / embedding.metadata_path).read_text().splitlines()]
    assert head == ['trial', 'score', 'arm', 'round', 'origin']
    finished = [trial for trial in history.trials.values() if trial.finished]
    assert len(states) == len(rows) == len(finished)
    assert [float(row[1]) for row in rows] == [trial.score for trial in finished]


def test_a_search_goes_on_where_it_cannot_write(tmp_path):
    """No folder can be made where it would write; later calls say nothing more."""
    workdir = write_workdir(tmp_path / 'run', ROWS)
    source = open_source(workdir)
    history, warnings = History((), source.space.name), []
    watcher = Lenient(TensorBoard(), warnings.append)
    watcher.opened(Path('/dev/null/run'), source.space, history)
    for event in Journal(workdir / 'trials.jsonl').read():
        history.apply(event)
        if event['event'] == 'finished':
            watcher.ended(history.trials[event['trial']], history)
    watcher.closed(history)
    watcher.finished(history)
    (warning,) = warnings
    assert 'nothing more is written for TensorBoard; the search goes on' in warning
