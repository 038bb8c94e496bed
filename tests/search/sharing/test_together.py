"""Shared weights trained by two real processes: both stop and continue together, and it is as if they had not."""

import pytest

from tests.support.distributed import run_two


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp('together')
    return folder, run_two('tests.support.sharing_worker', folder)


@pytest.mark.slow
def test_stopped_and_continued_it_ends_the_same(found):
    folder, (chief, other) = found
    (images, _), (whole, _), (stopped, output), (parts, _), (again, finished) = chief
    assert 0 < images['best']['score'] <= 1
    assert len(images['sharing']['rounds']) == 2
    assert stopped is None
    assert 'max_hours are over; the same command continues' in output
    for summary in (whole, parts):
        del summary['sharing']['seconds']
        for row in (summary['best'], *summary['sharing']['rounds']):
            row.pop('seconds', None)
    assert whole == parts
    assert again['best']['score'] == parts['best']['score']
    assert 'holds this search, finished' in finished
    # The other process trained along and left nothing.
    lines = [output.splitlines() for _, output in other]
    assert {part[0] for part in lines} == {'process 1 of 2 trains along; process 0 searches and writes'}
    trained = ['1 children were trained']
    assert [part[1:] for part in lines] == [trained, trained, [], trained, ['0 children were trained']]
    assert not [path for path in folder.glob('*_1') if path.is_dir()]
