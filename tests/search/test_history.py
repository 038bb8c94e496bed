"""A journal whose lines are whole and whose architectures are of no space."""

import json

import pytest

from nao_tf.errors import InputError
from nao_tf.final.winners import best_of_search
from nao_tf.reports.source import open_source
from nao_tf.search.journal import Journal
from tests.reports.conftest import ROWS, write_workdir


@pytest.mark.parametrize('field', ['tokens', 'parent'])
@pytest.mark.parametrize('read', [open_source, best_of_search])
def test_tokens_of_no_architecture_are_named(field, read, tmp_path):
    workdir = write_workdir(tmp_path / 'run', ROWS)
    events = Journal(workdir / 'trials.jsonl').read()
    read(workdir)
    for event in events:
        if event.get('trial') == 4 and event['event'] == 'proposed':
            event[field] = [1, 1, 1]
    (workdir / 'trials.jsonl').unlink()
    journal = Journal(workdir / 'trials.jsonl')
    journal.append(json.loads(json.dumps(events)))
    journal.close()
    with pytest.raises(InputError, match='trial 4 of the journal: '):
        read(workdir)
