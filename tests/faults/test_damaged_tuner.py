"""Every file of a KerasTuner search, damaged in every way: it goes on as if it had not been, or says what to do."""

from tests.faults.damage import every_damage, survives
from tests.tuner.black_box import make_tuner


def run(directory, trials):
    """Searches by evolution; returns the values and scores of the trials in their order."""
    tuner = make_tuner(directory, 'evolution', max_trials=trials)
    tuner.search(verbose=0)
    made = [tuner.oracle.trials[name] for name in tuner.oracle.start_order]
    return [(trial.hyperparameters.values, trial.score) for trial in made]


def test_it_goes_on_or_says_what_to_do(tmp_path):
    whole = run(tmp_path / 'whole', 10)
    assert run(tmp_path / 'half', 6) == whole[:6]
    stopped = set()
    for file, how in every_damage(tmp_path / 'half', tmp_path / 'run'):
        if file.name == 'trial.json' and file.parent.name not in ('trial_0', 'trial_5'):
            continue
        if file.name == 'tuner0.json' and how == 'a folder':
            continue  # which KerasTuner reads
        result = survives(lambda: run(tmp_path / 'run', 10), file, how)
        if result is None:
            stopped.add((file.name, how))
        else:
            assert result == whole, (file, how)
    assert {name for name, _ in stopped} == {'oracle.json', 'trial.json', 'searcher.json'}
    assert {how for name, how in stopped if name == 'searcher.json'} == {'a folder'}
