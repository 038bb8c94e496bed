"""`nao train` by two real processes: one writes, the other trains along, and both stop and continue together."""

import pytest

from nao_tf.search.workdir import MODEL
from tests.support.distributed import run_two


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp('together')
    return folder, run_two('tests.support.train_worker', folder)


@pytest.mark.slow
@pytest.mark.parametrize(('kind', 'first'), [('images', 0), ('text', 3)])
def test_stopped_and_continued_it_ends_the_same(found, kind, first):
    folder, (chief, other) = found
    (whole, _), (stopped, output), (parts, continued) = chief[first : first + 3]
    assert stopped is None
    assert 'max_hours are over; the same command continues' in output
    assert 'continuing' in continued
    assert whole == parts
    assert whole['test'] is not None
    assert (folder / f'{kind}_whole_0' / MODEL).exists()
    # The other process left nothing and said one line.
    for summary, output in other[first : first + 3]:
        assert summary is None
        assert output == 'process 1 of 2 trains along; process 0 writes\n'
    assert not list(folder.glob(f'{kind}_*_1'))


@pytest.mark.slow
def test_another_training_is_refused(found):
    _, (chief, other) = found
    assert chief[6][1].startswith('a process of this multi_worker_mirrored training is gone or has failed')
    assert other[6] == [None, 'the first process has child.epochs 2, this one 3: give all the same']
