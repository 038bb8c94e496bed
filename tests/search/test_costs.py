"""Costs against built networks, limits, and the journal of measured latencies."""

import math

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.search.children import make_child
from nao_tf.search.config import default_config, default_text_config
from nao_tf.search.costs import Costs, describe_limits, latencies, limits_of
from nao_tf.search.journal import Journal
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import make_task


@pytest.fixture(scope='module')
def images():
    config = default_config()
    config.child.auxiliary = False
    config.child.cells_per_stage, config.child.filters = 1, 4
    space = get_space('enas_cnn')
    return config, make_child(config, make_task({'name': 'digits'}), space), space


@pytest.fixture(scope='module')
def text():
    config = default_text_config()
    config.task.name = 'pydoc'
    config.child.hidden, config.child.sequence_length = 8, 5
    space = get_space('nao_rnn')
    return config, make_child(config, make_task(config.task), space), space


def draws(space, count):
    rng = np.random.default_rng(3)
    return [space.canonical(space.sample(rng)) for _ in range(count)]


def weights(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.parametrize('kind', ['images', 'text'])
def test_counted_as_built(kind, request):
    _, child, space = request.getfixturevalue(kind)
    costs = Costs(child)
    for architecture in draws(space, 2):
        network = child.build(architecture, 0)
        assert costs.params(architecture) == weights(network)
        assert costs.flops(architecture) == 2 * child.multiply_adds(architecture) > 0
        outputs = child.network_config.classes if kind == 'images' else child.network_config.vocabulary
        assert np.shape(child.inference(network)())[-1] == outputs


def said_nothing(message):
    raise AssertionError(message)


def test_a_latency_is_measured_once_and_kept_in_the_journal(images, tmp_path):
    _, child, space = images
    first, second = draws(space, 2)
    journal = Journal(tmp_path / 'trials.jsonl')
    costs = Costs(child)
    costs.record(journal.append, said_nothing)
    before = costs.latency_ms(first)
    assert before > 0
    after = costs.cost('latency_ms')(second)
    assert costs.latency_ms(first) == before
    journal.close()
    assert [event['event'] for event in journal.read()] == ['measuring', 'latency'] * 2
    assert latencies(journal.read(), space.name) == {first: before, second: after}
    again = Costs(child)
    again.load(journal.read(), space.name)
    again.record(journal.append, said_nothing)
    assert [again.latency_ms(first), again.latency_ms(second)] == [before, after]
    assert len(journal.read()) == 4


@pytest.mark.parametrize(
    ('error', 'attempts', 'reason'),
    [
        (SystemExit, 3, 'the process died in each of 2 attempts'),  # ends the process, as a kill does
        (KeyboardInterrupt, None, ''),
        (InputError, None, ''),
        (OSError, None, ''),
        (ValueError, 1, 'ValueError: no such layer'),
    ],
)
def test_an_attempt_to_measure_is_counted_before_it_starts(images, tmp_path, monkeypatch, error, attempts, reason):
    _, child, space = images
    (architecture,) = draws(space, 1)
    journal, said, calls = Journal(tmp_path / 'trials.jsonl'), [], []

    def fail(*arguments):
        calls.append(arguments)
        raise error('no such\nlayer')

    monkeypatch.setattr('nao_tf.search.costs.measure_latency', fail)
    for attempt in range(1, 6):
        costs = Costs(child, max_attempts=2)
        costs.load(journal.read(), space.name)
        costs.record(journal.append, said.append)
        if attempts is None or attempt < attempts:
            with pytest.raises(error):
                costs.latency_ms(architecture)
        else:
            assert costs.latency_ms(architecture) == math.inf
    journal.close()
    if attempts is None:
        assert len(calls) == 5
        assert journal.read()[-1] == {'event': 'measuring', 'tokens': list(architecture.tokens), 'attempt': 0}
        return
    assert len(calls) == max(attempts - 1, 1)
    assert journal.read()[-1] == {'event': 'latency', 'tokens': list(architecture.tokens), 'ms': None, 'reason': reason}
    (line,) = said
    assert line.endswith(f'cannot be measured, so it is beyond every limit: {reason}')


@pytest.mark.parametrize(
    'event',
    [
        {'event': 'latency', 'tokens': [0]},
        {'event': 'latency', 'tokens': None, 'ms': 1.0},
        {'event': 'latency', 'tokens': [0], 'ms': 'fast'},
        {'event': 'measuring', 'tokens': [[0]], 'attempt': 1},
    ],
)
def test_events_of_another_version(images, event):
    _, child, space = images
    with pytest.raises(InputError, match=r'of the journal is not of this version: (Key|Type|Value)Error'):
        Costs(child).load([event], space.name)


def test_limits_of_a_config(images):
    config, child, space = images
    costs = Costs(child)
    assert limits_of(config, costs) == []
    config = config.copy_and_resolve_references()
    config.constraints.max_params, config.constraints.max_flops = 20_000, 400_000
    limits = limits_of(config, costs)
    assert [(limit.field, limit.most, limit.unit) for limit in limits] == [
        ('constraints.max_params', 20_000, 'parameters'),
        ('constraints.max_flops', 400_000, 'FLOPs'),
    ]
    for architecture in draws(space, 5):
        assert limits[0].fits(architecture) == (child.parameters(architecture) <= 20_000)
        assert limits[1].fits(architecture) == (child.multiply_adds(architecture) <= 200_000)
    flat = {'constraints.max_params': 20_000, 'constraints.max_flops': 400_000}
    assert describe_limits(flat) == 'at most 20,000 parameters, 400,000 FLOPs (200,000 multiply-adds)'
    assert describe_limits({}) == ''
    config.constraints.max_latency_ms = -1.0
    with pytest.raises(InputError, match=r'constraints.max_latency_ms is -1.0; it must be above 0'):
        limits_of(config, costs)
