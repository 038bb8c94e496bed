"""Work directories whose journals are small enough to work out by hand."""

import json
import math

import numpy as np
import pytest

from nao_tf.search.config import default_config, default_text_config, flatten
from nao_tf.search.events import evaluated_event, proposed_event
from nao_tf.search.history import Trial
from nao_tf.search.journal import Journal
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.registry import get_space

# arm, round, origin, predicted, score, number of the parent, parameters
ROWS = (
    ('search', 0, 'random', None, 0.50, None, 400),
    ('search', 0, 'random', None, 0.60, None, 300),
    ('search', 0, 'random', None, 0.40, None, 100),
    ('search', 1, 'ascent', 0.70, 0.80, 2, 500),
    ('search', 1, 'mutation', 0.60, math.nan, 2, 200),
    ('search', 2, 'ascent', 0.90, 0.90, 4, 900),
    ('search', 2, 'ascent', 0.80, 0.70, 4, 300),
    ('search', 2, 'ascent', 0.75, 0.65, 2, 350),
    ('baseline', 0, 'random', None, 0.55, None, 250),
    ('baseline', 0, 'random', None, 0.75, None, 600),
)


def write_workdir(folder, rows, space='enas_cnn', **fields):
    """Writes the config and the journal of a search; every trial takes two seconds, one after the other.

    Args:
        folder: made here.
        rows: like ROWS; a trial whose score is None was proposed and has not ended.
        space: `enas_cnn`, or `nao_rnn` of a text with 100 words, or that of `space__module`.
        fields: of the flat config, `__` for a point.
    """
    folder.mkdir(parents=True)
    space = get_space(space, module=fields.get('space__module', ''))
    text = space.name == 'nao_rnn'
    config = {**flatten(default_text_config() if text else default_config()), 'data': 'a made-up task'}
    config |= {'space.name': space.name, **{name.replace('__', '.'): value for name, value in fields.items()}}
    (folder / 'config.json').write_text(json.dumps(config))
    rng = np.random.default_rng(0)
    cells, events = [], [{'event': 'session', 'time': 0}]
    for number, (arm, round_, origin, predicted, score, parent, parameters) in enumerate(rows, start=1):
        cells.append(space.canonical(space.sample(rng)))
        seed = None if parent is None else cells[parent - 1]
        trial = Trial(number, arm, Proposal(cells[-1], origin, round_, predicted, seed))
        at = 2.0 * number
        events.append({**proposed_event(trial), 'elapsed': at - 2})
        if score is None:
            continue
        metrics = {'perplexity': 100 ** (1 - score)} if text else {'accuracy': score}
        evaluation = Evaluation(cells[-1], score, metrics=metrics, seconds=2.0, parameters=parameters)
        events.append({'event': 'started', 'trial': number, 'attempt': 1, 'elapsed': at - 2})
        events.append({**evaluated_event(number, evaluation), 'elapsed': at})
    journal = Journal(folder / 'trials.jsonl')
    journal.append(events)
    journal.close()
    return folder


@pytest.fixture
def workdir(tmp_path):
    return write_workdir(tmp_path / 'run', ROWS)
