"""Any KerasTuner HyperParameters as a space: tokens, bins, conditions, and every contract of a space."""

import json
import math
import subprocess
import sys

import keras_tuner
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_tuner.src.engine.conditions import Parent

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.hyperparameters import HyperParameterSpace


def make(declare, **options):
    hp = keras_tuner.HyperParameters()
    declare(hp)
    return HyperParameterSpace(hp, **options)


def everything(hp):
    hp.Fixed('batch', 32)
    hp.Choice('model', ['cnn', 'mlp', 'a tree'])
    hp.Float('rate', 1e-4, 1e-1, sampling='log')
    with hp.conditional_scope('model', ['cnn']):
        hp.Int('filters', 8, 64, step=8)
        hp.Boolean('norm')
        with hp.conditional_scope('norm', [True]):
            hp.Float('inertia', 0.5, 0.99)
    with hp.conditional_scope('model', ['mlp', 'a tree']):
        hp.Int('units', 1, 1000, sampling='log')
        hp.Fixed('kind', 'dense')
    hp.Int('layers', 1, 40)
    with hp.conditional_scope('layers', [3, 7]), hp.name_scope('extra words'):
        hp.Choice('act=', ['a', 'b'])
    hp.Float('drop', 0.0, 0.5, step=0.1)


def names_twice(hp):
    hp.Choice('model', ['x', 'y', 'z'])
    with hp.conditional_scope('model', ['x', 'y']):
        hp.Int('depth', 1, 3)
    with hp.conditional_scope('model', ['y', 'z']):
        hp.Int('depth', 1, 9)
    hp.Boolean('last')


def fixed_parent(hp):
    hp.Fixed('mode', 'on')
    with hp.conditional_scope('mode', ['on']):
        hp.Int('here', 1, 3)
    with hp.conditional_scope('mode', ['off']):
        hp.Int('never', 1, 3)


def layers(hp):
    for index in range(hp.Int('layers', 1, 4)):
        hp.Int(f'units_{index}', 8, 32, step=8)
    for index in range(1, 4):
        with hp.conditional_scope('layers', list(range(index + 1, 5))):
            hp.Choice(f'act_{index}', ['relu', 'tanh'])


SPACES = [make(declare, name=declare.__name__) for declare in (everything, names_twice, fixed_parent, layers)]
every_space = pytest.mark.parametrize('space', SPACES, ids=lambda space: space.name)
seeds = st.integers(0, 2**32 - 1)


def parameter(space, name):
    return next(entry for entry in space.parameters if entry.name == name)


def all_values(space, name):
    return [value for values in parameter(space, name).bins for value in values]


def keras_tuner_values(declare, values):
    """What KerasTuner itself says is active: the HyperParameters with these values, cleaned up by it."""
    hp = keras_tuner.HyperParameters()
    declare(hp)
    hp.values = dict(values)
    hp.ensure_active_values()
    return hp.values


@every_space
def test_masks_can_always_be_completed(space):
    states = {0}
    for position in range(space.length):
        following = set()
        for state in states:
            valid = np.flatnonzero(space.valid[position, state])
            assert len(valid)
            assert 0 not in valid
            following |= {int(space.next_state[state, token]) for token in valid}
        states = following
    assert space.completions[0][0] == space.size
    assert space.next_state.dtype == np.int32
    assert space.next_state.shape == (len(space.next_state), len(space.vocabulary))
    assert space.valid.shape == (space.length, len(space.next_state), len(space.vocabulary))
    assert space.vocabulary[0] == '<sos>'
    assert len(set(space.vocabulary)) == len(space.vocabulary)
    assert not any(character.isspace() for word in space.vocabulary for character in word)


@every_space
@settings(max_examples=25, deadline=None, database=None)
@given(seed=seeds)
def test_drawn_written_and_read_back(space, seed):
    rng = np.random.default_rng(seed)
    architecture = space.sample(rng)
    space.validate(architecture)
    assert space.canonical(architecture) == architecture
    assert list(space.symmetries(architecture)) == []
    assert space.from_values(space.values(architecture)) == architecture
    for text in (
        str(architecture),
        space.to_text(architecture),
        ' '.join(space.vocabulary[token] for token in architecture.tokens),
        json.dumps(architecture.to_json()),
        json.dumps(space.to_json(architecture)),
    ):
        assert space.parse(text) == architecture
    assert space.describe(architecture).count(' = ') == len(space.values(architecture))
    mutation = space.mutate(architecture, rng)
    space.validate(mutation)
    assert mutation != architecture


# KerasTuner itself takes a value away where a later hyper-parameter of its name is not active: not `names_twice`.
@pytest.mark.parametrize('declare', [everything, fixed_parent, layers])
def test_active_is_what_keras_tuner_says(declare):
    space, rng = make(declare), np.random.default_rng(0)
    for _ in range(100):
        values = space.values(space.sample(rng))
        assert keras_tuner_values(declare, values) == values
        assert all(type(value) in (int, float, str, bool) for value in values.values())


@pytest.mark.parametrize('space', [space for space in SPACES if space.size <= 5000], ids=lambda space: space.name)
def test_size_is_the_number_of_configurations(space):
    from nao_tf.searchers.enumeration import canonical_cells

    cells = canonical_cells(space)
    assert len({json.dumps(space.values(cell)) for cell in cells}) == len(cells) == space.size


@pytest.mark.parametrize(
    'space', [space for space in SPACES if space.name != 'names_twice'], ids=lambda space: space.name
)
def test_mutations(space):
    rng = np.random.default_rng(1)
    for _ in range(10):
        architecture = space.sample(rng)
        mutations = list(space.mutations(architecture))
        assert len(set(mutations)) == len(mutations)
        assert architecture not in mutations
        before = space.values(architecture)
        for mutation in mutations:
            space.validate(mutation)
            after = space.values(mutation)
            changed = [name for name in before.keys() & after.keys() if before[name] != after[name]]
            assert len(changed) == 1
            children = {entry.name for entry in space.parameters if changed[0] in dict(entry.conditions)}
            grand = {entry.name for entry in space.parameters if children & set(dict(entry.conditions))}
            assert before.keys() ^ after.keys() <= children | grand


@pytest.mark.parametrize(
    'declare',
    [
        lambda hp: (hp.Float('a', 0, 1), hp.Int('b', 1, 33), hp.Choice('c', [1, 2, 3])),
        lambda hp: hp.Int('units', 1, 500, sampling='log'),
    ],
)
def test_mutations_are_mutual(declare):
    space, rng = make(declare), np.random.default_rng(0)
    for _ in range(20):
        architecture = space.sample(rng)
        assert all(architecture in space.mutations(mutation) for mutation in space.mutations(architecture))


def test_a_number_of_few_values_has_a_token_for_each():
    space = make(lambda hp: (hp.Int('a', 32, 512, step=32), hp.Float('b', 1e-4, 1e-1, step=10, sampling='log')))
    assert space.length == 2
    assert all_values(space, 'a') == list(range(32, 513, 32))
    assert np.allclose(all_values(space, 'b'), [1e-4, 1e-3, 1e-2, 1e-1])


def test_a_float_has_ten_bins_of_ten_levels():
    space = make(lambda hp: (hp.Float('lin', 0.0, 1.0), hp.Float('log', 1e-4, 1.0, sampling='log')))
    assert space.length == 4
    for entry in space.parameters:
        assert [len(values) for values in entry.bins] == [10] * 10
    assert np.allclose(all_values(space, 'lin'), np.linspace(0, 1, 100))
    assert np.allclose(all_values(space, 'log'), np.logspace(-4, 0, 100))


@pytest.mark.parametrize(
    ('low', 'high', 'options'),
    [(1, 40, {}), (1, 100, {}), (5, 25, {}), (8, 8 * 37, {'step': 8}), (1, 90, {'sampling': 'log'})],
)
def test_an_integer_of_a_hundred_values_keeps_them_all(low, high, options):
    space = make(lambda hp: hp.Int('n', low, high, **options))
    values = all_values(space, 'n')
    if 'sampling' not in options:
        assert values == list(range(low, high + 1, options.get('step', 1)))
    assert values == sorted(set(values))
    assert (values[0], values[-1]) == (low, high)
    assert space.length == 2
    assert len(space.parameters[0].bins) <= 10


def test_a_large_integer_is_spread_over_a_hundred_values():
    values = all_values(make(lambda hp: hp.Int('n', 1, 10**6)), 'n')
    assert len(values) == 100
    assert max(np.diff(values)) - min(np.diff(values)) <= 1


def test_reverse_log():
    values = all_values(make(lambda hp: hp.Float('x', 1.0, 1000.0, sampling='reverse_log')), 'x')
    assert len(values) == 100
    assert np.diff(values)[0] > np.diff(values)[-1]


def test_what_a_condition_names_is_among_the_values():
    def declare(hp):
        hp.Int('n', 1, 10**6)
        with hp.conditional_scope('n', [123_457]):
            hp.Boolean('odd')

    space = make(declare)
    assert 123_457 in all_values(space, 'n')
    architecture = space.from_values({'n': 123_457, 'odd': True})
    assert space.values(architecture) == {'n': 123_457, 'odd': True}


def test_values_from_elsewhere_become_the_nearest():
    space = make(lambda hp: (hp.Float('rate', 0.0, 1.0), hp.Choice('c', [0.1, 0.2])))
    near = space.from_values({'rate': 0.3351, 'c': float(np.float32(0.1))})
    assert space.values(near) == {'rate': pytest.approx(33 / 99), 'c': 0.1}
    assert space.from_values({'rate': 0.3351}, fill=True) == near
    for wrong in ({'rate': 2.0, 'c': 0.1}, {'rate': 0.5, 'c': 0.3}, {'rate': 0.5}, {'rate': 'x', 'c': 0.1}):
        with pytest.raises(InputError, match=r'rate|c'):
            space.from_values(wrong)


def under(hp, name, *parents):
    """Declares a Boolean under several conditions, which `conditional_scope` cannot where they are no chain."""
    conditions = [Parent(parent, [True]) for parent in parents]
    hp.merge([keras_tuner.engine.hyperparameters.Boolean(name, conditions=conditions)])


def test_children_stand_behind_their_parents_and_few_states_are_needed():
    def declare(hp):
        for parent in ('use', 'try', 'keep'):
            for index in range(12):
                parents = [] if parent == 'use' else ['use_3'] if parent == 'try' else [f'try_{index}']
                under(hp, f'{parent}_{index}', *parents)

    space = make(declare)
    assert [entry.name for entry in space.parameters[3:6]] == ['use_3', 'try_0', 'keep_0']
    assert len(space.next_state) < 20
    assert space.size == 2**11 * (1 + 3**12)


def test_conditions_that_depend_on_too_much():
    def declare(hp):
        for index in range(12):
            hp.Boolean(f'use_{index}')
        for index in range(12):
            under(hp, f'what_{index}', f'use_{index}', 'use_11')

    with pytest.raises(InputError, match=r'more than 2,000 combinations.*behind their parents'):
        make(declare)


def test_nothing_to_tune():
    with pytest.raises(InputError, match='nothing to tune'):
        make(lambda hp: hp.Fixed('a', 1))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"rate": 0.5}', 'no model'),
        ('{"space": "nao_cnn", "values": {}}', 'is of space'),
        ('1 2', '13 tokens'),
        ('model=rnn', 'is not a token'),
    ],
)
def test_wrong_texts(text, message):
    with pytest.raises(InputError, match=message):
        make(everything, name='mine').parse(text)


def test_an_inactive_value_is_refused_with_the_words_that_are_right():
    space = make(names_twice)
    tokens = list(space.from_values({'model': 'x', 'depth': 1, 'last': True}).tokens)
    tokens[2] = space.vocabulary.index('depth~2=4')
    with pytest.raises(InputError, match='valid: depth~2-'):
        space.validate(Architecture(space.name, tuple(tokens)))


def test_features_know_the_order_of_values():
    space = make(everything)
    rates = [1e-4, 1e-3, 1e-2, 1e-1]
    rest = {'model': 'mlp', 'units': 5, 'layers': 1, 'drop': 0.1}
    features = space.features([space.from_values({**rest, 'rate': rate}) for rate in rates])
    assert features.dtype == np.float32
    (column,) = np.flatnonzero(np.ptp(features, axis=0))
    assert np.all(np.diff(features[:, column]) > 0.2)


def test_draws_are_uniform_over_values():
    space, rng = make(everything), np.random.default_rng(0)
    rates = [math.log10(space.values(space.sample(rng))['rate']) for _ in range(2000)]
    assert np.allclose(np.percentile(rates, [25, 50, 75]), [-3.25, -2.5, -1.75], atol=0.12)


def test_keras_tuner_is_not_imported():
    program = 'import sys, nao_tf.spaces.hyperparameters; assert "keras_tuner" not in sys.modules'
    subprocess.run([sys.executable, '-c', program], check=True)
