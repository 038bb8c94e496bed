"""Any searcher as a KerasTuner oracle: its state, failures, spaces that grow or change, summaries."""

import json

import keras_tuner
import pytest

from nao_tf import NAOOracle, SearcherOracle
from nao_tf.errors import InputError
from tests.tuner.black_box import QUICK, BlackBox, make_oracle, make_tuner, proposed

SEARCHERS = ('nao', 'random', 'evolution', 'bayesian')


def distinct(values):
    return {json.dumps(value, sort_keys=True) for value in values}


@pytest.mark.parametrize('searcher', SEARCHERS)
def test_searches_and_is_deterministic(tmp_path, searcher):
    tuners = [make_tuner(tmp_path / name, searcher) for name in 'ab']
    for tuner in tuners:
        tuner.search(verbose=0)
    values = proposed(tuners[0])
    assert len(values) == len(distinct(values)) == 24
    assert all(value['always'] == 1 and ('deep' in value) == (value['kind'] == 'b') for value in values)
    assert proposed(tuners[1]) == values


def test_nao_learns_and_says_so(tmp_path):
    tuner = make_tuner(tmp_path, 'nao')
    tuner.search(verbose=0)
    searcher = tuner.oracle.searcher
    assert searcher.rounds == 4
    assert len(searcher.evaluations) == 20
    known = {trial.score for trial in tuner.oracle.trials.values()}
    assert {evaluation.score for evaluation in searcher.evaluations if not evaluation.failed} <= known


@pytest.mark.parametrize('searcher', ['nao', 'tournament'])
@pytest.mark.parametrize('lost', [False, True], ids=['snapshot', 'snapshot lost'])
def test_reloaded_it_continues_as_if_never_stopped(tmp_path, searcher, lost):
    whole = make_tuner(tmp_path / 'whole', searcher)
    whole.search(verbose=0)
    make_tuner(tmp_path / 'half', searcher, max_trials=14).search(verbose=0)
    project = tmp_path / 'half' / 'untitled_project'
    if lost:
        (project / 'searcher.json').unlink()
    tuner = make_tuner(tmp_path / 'half', searcher)
    assert len(tuner.oracle.trials) == 14
    tuner.search(verbose=0)
    assert proposed(tuner) == proposed(whole)


def test_the_state_is_small_and_plain(tmp_path):
    tuner = make_tuner(tmp_path, 'nao')
    tuner.search(verbose=0)
    own = tuner.oracle.get_state()['nao_tf']
    assert json.loads(json.dumps(own)) == own
    assert len(json.dumps(own['rounds'])) < 100 * 24
    state = tuner.oracle.get_state()
    other = make_oracle('nao')
    other.trials = tuner.oracle.trials
    other.set_state(json.loads(json.dumps(state)))
    assert other.get_state()['nao_tf'] == own


def test_a_damaged_snapshot_is_not_used(tmp_path):
    tuner = make_tuner(tmp_path, 'evolution', max_trials=12)
    tuner.search(verbose=0)
    (tmp_path / 'untitled_project' / 'searcher.json').write_text('{"rounds": 1')
    again = make_tuner(tmp_path, 'evolution')
    again.search(verbose=0)
    assert len(distinct(proposed(again))) == 24


def test_a_snapshot_whose_scores_were_changed_is_not_used(tmp_path):
    whole = make_tuner(tmp_path / 'whole', 'evolution')
    whole.search(verbose=0)
    make_tuner(tmp_path / 'half', 'evolution', max_trials=16).search(verbose=0)
    path = tmp_path / 'half' / 'untitled_project' / 'searcher.json'
    snapshot = json.loads(path.read_text())
    scored = [row for row in snapshot['state']['evaluations'] if row['score'] is not None]
    min(scored, key=lambda row: row['score'])['score'] = 1000.0
    path.write_text(json.dumps(snapshot))
    tuner = make_tuner(tmp_path / 'half', 'evolution')
    tuner.search(verbose=0)
    assert proposed(tuner) == proposed(whole)


def test_learns_from_the_trials_of_another_oracle(tmp_path):
    options = {'objective': keras_tuner.Objective('score', 'max'), 'max_trials': 10, 'seed': 1,
               'max_consecutive_failed_trials': 10}  # fmt: skip
    first = keras_tuner.RandomSearch(BlackBox(), directory=str(tmp_path), **options)
    first.run_trial = lambda trial, **_: {'score': float(first.hypermodel.build(trial.hyperparameters))}
    first.search(verbose=0)
    tuner = make_tuner(tmp_path, 'nao')
    tuner.search(verbose=0)
    assert len(tuner.oracle.searcher.evaluations) >= 20
    assert len(tuner.oracle.trials) == 24


def test_overwrite_begins_anew(tmp_path):
    make_tuner(tmp_path, 'random', max_trials=3).search(verbose=0)
    assert len(make_tuner(tmp_path, 'random').oracle.trials) == 3
    assert len(make_tuner(tmp_path, 'random', overwrite=True).oracle.trials) == 0


def test_failed_trials_are_learned_from_and_end_a_search(tmp_path):
    tuner = make_tuner(tmp_path / 'some', 'evolution')
    tuner.search(verbose=0)
    failed = {name for name, trial in tuner.oracle.trials.items() if trial.status == 'FAILED'}
    assert failed
    assert sum(evaluation.failed for evaluation in tuner.oracle.searcher.evaluations) > 0

    class Broken(BlackBox):
        def build(self, hp):
            super().build(hp)
            if self.searching:
                raise ValueError('broken')

        searching = False

    tuner = make_tuner(tmp_path / 'all', 'nao', hypermodel=Broken(), max_consecutive_failed_trials=3)
    tuner.hypermodel.searching = True
    with pytest.raises(RuntimeError, match='consecutive failures'):
        tuner.search(verbose=0)
    assert len(tuner.oracle.trials) == 3


def test_a_nan_is_a_failure_and_is_tried_again(tmp_path):
    tuner = make_tuner(tmp_path, 'random', max_trials=4, max_retries_per_trial=1)
    runs = []
    tuner.run_trial = lambda trial, **_: runs.append(trial.trial_id) or {'score': float('nan')}
    tuner.search(verbose=0)
    assert len(runs) == 8
    assert all(trial.status == 'FAILED' for trial in tuner.oracle.trials.values())


def test_an_objective_to_be_minimised(tmp_path):
    tuner = make_tuner(tmp_path, 'evolution', objective=keras_tuner.Objective('score', 'min'))
    tuner.search(verbose=0)
    best = tuner.oracle.get_best_trials(1)[0]
    top = tuner.oracle.searcher.best(1)[0]
    assert tuner.oracle.searcher.space.values(top) == best.hyperparameters.values


def test_the_space_may_grow_in_a_build(tmp_path):
    class Growing(BlackBox):
        """The most common idiom of KerasTuner: names that depend on values, without a scope."""

        def build(self, hp):
            score = 0.0
            for layer in range(hp.Int('layers', 1, 4)):
                score += hp.Choice(f'units_{layer}', [8, 16, 32])
            return score / 100

    for searcher in ('nao', 'evolution'):
        tuner = make_tuner(tmp_path / searcher, searcher, hypermodel=Growing(), max_trials=20)
        tuner.search(verbose=0)
        assert {entry.name for entry in tuner.oracle.searcher.space.parameters} > {'layers', 'units_0', 'units_1'}
        assert len(tuner.oracle.searcher.evaluations) >= 12
    again = make_tuner(tmp_path / 'nao', 'nao', hypermodel=Growing(), max_trials=26)
    again.search(verbose=0)
    assert len(again.oracle.trials) == 26


def test_a_space_that_changes_between_builds_is_refused(tmp_path):
    class Changing(BlackBox):
        builds = 0

        def build(self, hp):
            self.builds += 1
            return hp.Choice('units', [16, 32] if self.builds < 2 else [32, 64]) / 64

    with pytest.raises(InputError, match=r"'units' is Choice.*\[32, 64\].*was Choice.*\[16, 32\].*overwrite") as caught:
        make_tuner(tmp_path, 'nao', hypermodel=Changing()).search(verbose=0)
    assert '\n' not in str(caught.value)

    class Edited(BlackBox):
        def build(self, hp):
            return hp.Float('kind', 0.0, 1.0)

    make_tuner(tmp_path / 'edited', 'random', max_trials=2).search(verbose=0)
    with pytest.raises(InputError, match="'kind' is Float"):
        make_tuner(tmp_path / 'edited', 'random', hypermodel=Edited()).search(verbose=0)


def test_what_the_oracle_was_given_overrides_the_build(tmp_path):
    hp = keras_tuner.HyperParameters()
    hp.Choice('kind', ['a'])
    hp.Float('rate', 1e-3, 1e-2)
    tuner = make_tuner(tmp_path, 'nao', hyperparameters=hp, tune_new_entries=False, max_trials=10)
    tuner.search(verbose=0)
    values = proposed(tuner)
    assert {value['kind'] for value in values} == {'a'}
    assert all(1e-3 <= value['rate'] <= 1e-2 and value['width'] == 8 for value in values)


def test_an_exhausted_space_ends_the_search(tmp_path):
    class Small(BlackBox):
        def build(self, hp):
            return float(hp.Int('n', 1, 5))

    for searcher in ('nao', 'random', 'evolution'):
        tuner = make_tuner(tmp_path / searcher, searcher, hypermodel=Small())
        tuner.search(verbose=0)
        assert sorted(value['n'] for value in proposed(tuner)) == [1, 2, 3, 4, 5]


def test_summaries(tmp_path, capsys):
    tuner = make_tuner(tmp_path, 'nao', max_trials=5)
    tuner.search_space_summary()
    assert 'rate (Float)' in capsys.readouterr().out
    tuner.search(verbose=0)
    tuner.results_summary(3)
    text = capsys.readouterr().out
    assert 'Results summary' in text
    assert text.count('Score: ') == 3
    assert tuner.get_best_hyperparameters()[0].values == tuner.oracle.get_best_trials()[0].hyperparameters.values


def test_seed_nought_is_a_seed():
    assert NAOOracle('val_loss', seed=0).seed == 0
    assert isinstance(NAOOracle('val_loss').seed, int)


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: SearcherOracle('no such', 'val_loss'), "no searcher 'no such'"),
        (lambda: SearcherOracle('nao', 'val_loss'), 'take NAOOracle'),
        (lambda: NAOOracle('val_loss', initial=0), 'initial'),
        (lambda: NAOOracle('val_loss', preset='none'), 'preset'),
        (lambda: NAOOracle('val_loss', controller=QUICK | {'hidden': -1}), 'hidden'),
        (lambda: NAOOracle('val_loss', controller={'width': 1}), 'width'),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_nothing_to_tune(tmp_path):
    class Fixed(BlackBox):
        def build(self, hp):
            return hp.Fixed('n', 1.0)

    with pytest.raises(InputError, match='nothing to tune'):
        make_tuner(tmp_path, 'nao', hypermodel=Fixed()).search(verbose=0)
