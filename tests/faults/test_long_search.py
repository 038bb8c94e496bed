"""What a search of many trials holds on to: open files, and the disk for each trial."""

import os

from nao_tf.search.estimate import TRIAL_BYTES


def used(workdir):
    """Returns open files of this process, files of a work directory, and bytes of its journal."""
    files = [path for path in workdir.rglob('*') if path.is_file()]
    return len(os.listdir('/proc/self/fd')), len(files), (workdir / 'trials.jsonl').stat().st_size


def test_files_are_closed_and_the_best_alone_kept(instant_search, tmp_path):
    found = []
    for trials in (20, 120):
        instant_search(tmp_path / str(trials), searcher={'initial': trials - 2})
        found.append(used(tmp_path / str(trials)))
    (opened, files, small), (more_opened, more_files, large) = found
    assert more_opened == opened
    assert more_files == files
    assert 0 < (large - small) / 100 < TRIAL_BYTES
