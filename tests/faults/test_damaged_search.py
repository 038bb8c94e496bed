"""Every file of a search's work directory, damaged in every way: the command loses nothing, or says what to do."""

import contextlib
import io
import shutil

import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.export.export import Export, export
from nao_tf.final.winners import candidates
from nao_tf.search.status import print_status
from tests.faults.damage import DAMAGES, every_damage, survives


def result_of(workdir, result):
    """Returns everything that two runs of one search have in common."""
    rows = [(t.id, t.arm, t.batch, t.proposal, t.score, t.reused) for t in result.history.trials.values()]
    summary = {name: value for name, value in result.summary.items() if name != 'seconds'}
    return sorted(rows, key=lambda row: row[0]), summary, (workdir / 'best_model.keras').read_bytes()


@pytest.fixture(scope='module')
def finished(instant_search, tmp_path_factory):
    """A search that has ended, and what came of it."""
    workdir = tmp_path_factory.mktemp('finished') / 'run'
    return workdir, result_of(workdir, instant_search(workdir)[0])


@pytest.fixture(scope='module')
def half_done(instant_search, tmp_path_factory):
    """A search that was interrupted in its last child."""
    workdir = tmp_path_factory.mktemp('half') / 'run'
    with contextlib.suppress(KeyboardInterrupt):
        instant_search(workdir, stop_after=3)
    return workdir


@pytest.mark.parametrize('state', ['finished', 'half_done'])
def test_the_same_command(instant_search, finished, state, request, tmp_path):
    whole = finished[0] if state == 'finished' else request.getfixturevalue(state)
    stopped = set()
    for file, how in every_damage(whole, tmp_path / 'run'):
        ended = survives(lambda: instant_search(tmp_path / 'run'), file, how)
        if ended is None:
            stopped.add((file.name, how))
        else:
            assert result_of(tmp_path / 'run', ended[0]) == finished[1], (file.name, how)
    # What cannot be made again is the config alone, and what nobody can write over.
    assert {name for name, how in stopped if how != 'a folder'} == {'config.json'}


def test_commands_that_look_on(finished, tmp_path, capsys):
    for file, how in every_damage(finished[0], tmp_path / 'run'):
        output = io.StringIO()
        terminal = Console(file=output, width=1000)
        survives(lambda terminal=terminal: print_status(tmp_path / 'run', terminal), file, how)
        capsys.readouterr()
        survives(lambda: export(Export('json', workdir=tmp_path / 'run')), file, how)
        found = survives(lambda: candidates(str(tmp_path / 'run')), file, how)
        if found is not None and file.name == 'trials.jsonl':
            assert ('is damaged' in output.getvalue()) == ('damaged lines were skipped' in found[0].origin), how
            assert ('is damaged' in output.getvalue()) == ('damaged lines were skipped' in capsys.readouterr().err), how


def test_a_warm_start_from_a_damaged_journal_says_so(instant_search, finished, tmp_path):
    whole, _ = finished
    for how, said in (
        ('a half', 'warning: warm_start: '),
        ('deleted', r'warm_start: there is no .*trials\.jsonl; put back a copy'),
    ):
        source = tmp_path / how
        shutil.copytree(whole, source)
        DAMAGES[how](source / 'trials.jsonl')
        if how == 'deleted':
            with pytest.raises(InputError, match=said):
                instant_search(tmp_path / 'run', warm_start=str(source))
        else:
            assert said in instant_search(tmp_path / 'warm', warm_start=str(source))[1]
