"""The journal: what was appended is read back, and damage costs only the damaged line."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.search.journal import Journal, decode_line, encode_line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.dictionaries(st.text().filter(lambda key: key not in ('crc', 'event')), JSON, max_size=4).map(
    lambda fields: {'event': 'started', **fields}
)


@given(EVENTS)
def test_line_round_trip(event):
    line = encode_line(event)
    assert line.endswith('\n')
    assert '\n' not in line[:-1]
    assert decode_line(line) == event


def test_append_and_read(tmp_path):
    journal = Journal(tmp_path / 'trials.jsonl')
    assert journal.read() == []
    journal.append([{'event': 'a', 'x': 0.1 + 0.2}, {'event': 'b'}])
    journal.append([{'event': 'c'}])
    journal.close()
    assert Journal(tmp_path / 'trials.jsonl').read() == [{'event': 'a', 'x': 0.1 + 0.2}, {'event': 'b'}, {'event': 'c'}]


def test_not_a_number_is_never_written(tmp_path):
    with pytest.raises(ValueError, match='not JSON compliant'):
        Journal(tmp_path / 'trials.jsonl').append([{'event': 'a', 'score': math.nan}])


@pytest.mark.parametrize('cut', range(1, 37, 3))
def test_torn_tail_is_named_and_appending_goes_on(tmp_path, cut):
    path = tmp_path / 'trials.jsonl'
    journal = Journal(path)
    journal.append([{'event': 'a', 'n': 1}, {'event': 'b', 'n': 2}])
    journal.close()
    path.write_bytes(path.read_bytes()[:-cut])
    journal = Journal(path)
    events = journal.read()
    assert events[0] == {'event': 'a', 'n': 1}
    torn = len(events) == 1
    assert len(journal.damaged) == (1 if torn else 0)
    if torn:
        assert f'{path}:2' in journal.damaged[0]
    journal.append([{'event': 'c'}])
    journal.close()
    assert Journal(path).read()[-1] == {'event': 'c'}


@given(st.integers(0, 200), st.integers(0, 255))
@settings(max_examples=60)
def test_a_changed_byte_never_changes_what_is_read(position, byte):
    lines = [encode_line({'event': 'finished', 'trial': n, 'score': n / 7}) for n in range(3)]
    content = bytearray(''.join(lines).encode())
    position %= len(content)
    content[position] = byte
    expected = [{'event': 'finished', 'trial': n, 'score': n / 7} for n in range(3)]
    for raw in bytes(content).split(b'\n'):
        try:
            event = decode_line(raw.decode())
        except ValueError:
            continue
        assert event in expected


def test_unreadable_journal(tmp_path):
    path = tmp_path / 'trials.jsonl'
    path.mkdir()
    with pytest.raises(InputError, match='cannot read the journal'):
        Journal(path).read()


def test_journal_is_an_object_an_append(bucket):
    path, place = as_path(bucket[0]), bucket[1]
    first, second = Journal(path / 'trials.jsonl'), Journal(path / 'trials.jsonl')
    assert (first.exists(), first.read()) == (False, [])
    first.append([{'event': 'a', 'n': 1}, {'event': 'b'}])
    first.append([{'event': 'c'}])
    first.close()
    assert second.exists()
    assert second.read() == [{'event': 'a', 'n': 1}, {'event': 'b'}, {'event': 'c'}]
    second.append([{'event': 'd'}])
    files = sorted((place / 'trials').iterdir())
    assert [file.name[:9] for file in files] == ['00000001-', '00000002-', '00000003-']
    files[1].write_bytes(files[1].read_bytes().replace(b'"c"', b'"x"'))
    assert [event['event'] for event in first.read()] == ['a', 'b', 'd']
    assert first.damaged[0].startswith(f'{path}/trials/{files[1].name}:1 is damaged')


def test_journal_may_move_between_disk_and_store(bucket, tmp_path):
    path, place = as_path(bucket[0]), bucket[1]
    here = Journal(tmp_path / 'trials.jsonl')
    here.append([{'event': 'on the disk'}])
    here.close()
    (path / 'trials.jsonl').write_bytes((tmp_path / 'trials.jsonl').read_bytes())
    there = Journal(path / 'trials.jsonl')
    there.append([{'event': 'in the store'}])
    copied = Journal(place / 'trials.jsonl')
    copied.append([{'event': 'on the disk again'}])
    assert [event['event'] for event in copied.read()] == ['on the disk', 'in the store', 'on the disk again']
    assert copied.read() == there.read()


def test_nothing_to_append_writes_nothing(tmp_path):
    journal = Journal(tmp_path / 'trials.jsonl')
    journal.append([])
    assert not journal.exists()
