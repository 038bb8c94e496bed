"""What every searcher promises on every space (docs/architecture.md, Searcher)."""

import dataclasses
import functools
import json
import math

import pytest

from nao_tf.controller.presets import DEFAULT
from nao_tf.errors import InputError
from nao_tf.searchers.bayesian import BayesianOptimisation
from nao_tf.searchers.enumeration import canonical_cells, is_listable
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.evolution import Evolution, Tournament
from nao_tf.searchers.forest import ForestGenerate, ForestRanker
from nao_tf.searchers.lanas import LaNAS
from nao_tf.searchers.local_search import LocalSearch
from nao_tf.searchers.nao import NAO
from nao_tf.searchers.ppo import PPO
from nao_tf.searchers.progressive import Progressive
from nao_tf.searchers.random import RandomSearch
from nao_tf.searchers.reinforce import Reinforce
from nao_tf.searchers.tree_search import TreeSearch
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.growing_cell import GrowingCellSpace
from nao_tf.spaces.registry import get_space

# One node a cell and two operations: few enough cells to see the end of the space.
TINY = ConvCellSpace('tiny', ('identity', 'conv 3x3'), nodes=1)
NAMES = ('nao_cnn', 'nao_cnn_op', 'enas_cnn', 'nao_rnn', 'nasbench201', 'nasbench101', 'pnas_cnn')
# Cells of one node or two, for the searcher that needs cells that grow.
GROWING = GrowingCellSpace('growing', ('identity', 'conv 3x3'), nodes=2)
SPACES = {'tiny': TINY, **{name: get_space(name) for name in NAMES}}
QUICK = dataclasses.replace(DEFAULT, epochs=4, least_steps=0, embedding=8, hidden=16, batch=16)


def nao(space, seed):
    # What the posterior remembers does not depend on the space either, and with it a fit takes three times as long.
    own = {} if space in (TINY, SPACES['nao_cnn_op']) else {'posterior': 'none', 'growth': 1.0}
    return NAO(space, initial=8, per_round=4, seeds=3, controller=dataclasses.replace(QUICK, **own), seed=seed)


def random(space, seed):
    return RandomSearch(space, evaluations=100, seed=seed)


def quick(cls, **settings):
    return lambda space, seed: cls(space, **settings, seed=seed)


SEARCHERS = {
    'nao': nao,
    'random': random,
    'evolution': quick(Evolution, population=8, sample=3, batch=4, max_draws=50),
    'tournament': quick(Tournament, population=8, sample=3, batch=4, max_draws=50),
    'local_search': quick(LocalSearch, start=4, batch=4, first_improvement=False),
    'local_search_first': quick(LocalSearch, start=4, batch=4, first_improvement=True),
    'reinforce': quick(Reinforce, layers=2, hidden=6, batch=4, max_draws=12),
    'ppo': quick(PPO, layers=1, hidden=6, batch=4, epochs=2, max_draws=12),
    'bayesian': quick(BayesianOptimisation, start=8, batch=4, per_query=5),
    'forest': quick(ForestRanker, start=8, batch=4, trees=10),
    'forest_generate': quick(ForestGenerate, start=8, batch=4, trees=10, per_query=5),
    'lanas': quick(LaNAS, initial=8, selects=4),
    'mcts': quick(TreeSearch, batch=4, refit=8, epochs=5, max_draws=20),
    'mcts_random': quick(TreeSearch, batch=4, refit=8, epochs=5, max_draws=20, predictions=1, evaluate='random'),
    'progressive': quick(Progressive, beam=6, members=2, epochs=5),
    'progressive_all': quick(Progressive, beam=6, members=2, epochs=5, extensions=0),
}
RANKS_ALL = ('forest',)  # needs a space that can be listed
GROWS = ('progressive', 'progressive_all')  # needs a space with growth


def grows(space):
    try:
        return space.stages > 0
    except InputError:
        return False


CASES = {
    (name, on): pytest.param(make, space, id=f'{name}-{on}')
    for name, make in SEARCHERS.items()
    for on, space in {**SPACES, **({'growing': GROWING} if name in GROWS else {})}.items()
    if (name not in RANKS_ALL or is_listable(space)) and (name not in GROWS or grows(space))
}
# What a searcher remembers does not depend on what the space is: one of each kind. Those alone for NAO, whose programs
# are compiled for each space.
KINDS = ('tiny', 'nao_cnn_op', 'nao_rnn', 'nasbench101', 'growing')
EVERY = [case for (name, on), case in CASES.items() if name != 'nao' or on in KINDS]
SOME = [case for (_, on), case in CASES.items() if on in KINDS]
SMALL = [pytest.param(make, GROWING if name in GROWS else TINY, id=name) for name, make in SEARCHERS.items()]


def score(architecture):
    """A score that any space has: how the tokens sum up."""
    return math.sin(sum((position + 1) * token for position, token in enumerate(architecture.tokens)))


def answer(proposals, rule=score):
    return [Evaluation(p.architecture, rule(p.architecture)) for p in proposals]


def drive(searcher, rounds, rule=score, size=4):
    """Runs rounds of propose and observe; returns the batches and the draws after each."""
    log = []
    for _ in range(rounds):
        proposals = searcher.propose(min(searcher.round_size, size))
        log.append((proposals, searcher.draws))
        searcher.observe(answer(proposals, rule))
    return log


@dataclasses.dataclass(frozen=True)
class Course:
    """Six rounds that nothing disturbed: the batches with the draws after each, and what was saved on the way."""

    log: list
    asked: list
    after_three: str
    within_the_fourth: str


@functools.cache
def course(make, space):
    """Returns the course of a searcher with seed 1, which several tests read."""
    searcher, log, asked, between, within = make(space, 1), [], [], [], []
    for _ in range(6):
        between.append(json.dumps(searcher.state_dict()))
        asked.append(min(searcher.round_size, 4))
        log.append((searcher.propose(asked[-1]), searcher.draws))
        within.append(json.dumps(searcher.state_dict()))
        searcher.observe(answer(log[-1][0]))
    return Course(log, asked, between[3], within[3])


def load(searcher, state):
    searcher.load_state_dict(json.loads(state))
    return searcher


def replay(searcher, log, rule=score):
    for proposals, draws in log:
        searcher.adopt(proposals, draws)
        searcher.observe(answer(proposals, rule))
    return searcher


@pytest.mark.parametrize(('make', 'space'), EVERY)
def test_proposals_are_valid_canonical_and_new(make, space):
    whole, seen = course(make, space), set()
    for proposals, _ in whole.log[:4]:
        for proposal in proposals:
            space.validate(proposal.architecture)
            assert space.canonical(proposal.architecture) == proposal.architecture
            assert proposal.architecture not in seen
            seen.add(proposal.architecture)
    assert len(seen) == sum(whole.asked[:4]) > 8 or space is TINY


@pytest.mark.parametrize(('make', 'space'), EVERY)
def test_deterministic_under_a_seed(make, space):
    first = course(make, space).log
    assert drive(make(space, 1), 4) == first[:4]
    assert drive(make(space, 6), 1) != first[:1]


@pytest.mark.parametrize(('make', 'space'), SOME)
def test_saved_and_loaded_in_the_middle(make, space):
    whole = course(make, space)
    assert drive(load(make(space, 1), whole.after_three), 2) == whole.log[3:5]


@pytest.mark.parametrize(('make', 'space'), SOME)
def test_replayed_from_its_log(make, space):
    whole = course(make, space)
    assert drive(replay(make(space, 1), whole.log[:3]), 2) == whole.log[3:5]


# NAO fits in every round, and known cells change nothing of its state.
@pytest.mark.parametrize(('make', 'space'), [case for case in SMALL if case.id != 'nao'])
def test_saved_loaded_and_replayed_among_known_cells(make, space):
    # So late in a small space most draws are known cells, and every third evaluation fails.
    def rule(architecture):
        return math.nan if sum(architecture.tokens) % 3 == 0 else score(architecture)

    whole, replayed, loaded = make(space, 4), make(space, 4), make(space, 4)
    replay(replayed, drive(whole, 16, rule), rule)
    load(loaded, json.dumps(whole.state_dict()))
    expected = drive(whole, 4, rule)
    assert drive(replayed, 4, rule) == expected
    assert drive(loaded, 4, rule) == expected
    assert whole.duplicates == replayed.duplicates == loaded.duplicates or not whole.state_in_propose


def test_replayed_where_fewer_were_found_than_asked_for():
    space = ConvCellSpace('one node', ('identity', 'conv 1x1'), nodes=1)
    whole, replayed, wrong = (Evolution(space, population=4, sample=2, batch=6, max_draws=20, seed=3) for _ in range(3))
    found = 6
    while found:
        proposals = whole.propose(6)
        found = len(proposals)
        replayed.adopt(proposals, whole.draws, 6)
        wrong.adopt(proposals, whole.draws)
        for searcher in (whole, replayed, wrong):
            searcher.observe(answer(proposals))
        if found < 6:
            break
    assert 0 < found < 6
    assert whole.state_dict() == replayed.state_dict() != wrong.state_dict()


@pytest.mark.parametrize(('make', 'space'), SOME)
def test_saved_and_replayed_while_a_round_is_evaluated(make, space):
    whole = course(make, space)
    pending, draws = whole.log[3]
    replayed = replay(make(space, 1), whole.log[:3])
    replayed.adopt(pending, draws)
    for searcher in (replayed, load(make(space, 1), whole.within_the_fourth)):
        searcher.observe(answer(pending))
        assert drive(searcher, 2) == whole.log[4:]


@pytest.mark.parametrize(('make', 'space'), EVERY)
def test_asked_again_before_any_score_is_known(make, space):
    searcher = make(space, 0)
    batches = [searcher.propose(4) for _ in range(4)]
    cells = [proposal.architecture for batch in batches for proposal in batch]
    assert all(batches)
    assert len(set(cells)) == len(cells)


@pytest.mark.parametrize('start', ['warm', 'cold'])
def test_nao_replays_either_start_of_the_controller(start):
    def make():
        own = {'posterior': 'none', 'growth': 1.0} if start == 'warm' else {}
        controller = dataclasses.replace(QUICK, start=start, **own)
        return NAO(SPACES['enas_cnn'], initial=4, per_round=4, seeds=3, controller=controller)

    whole = make()
    replayed = replay(make(), drive(whole, 3))
    loaded = load(make(), json.dumps(whole.state_dict()))
    expected = drive(whole, 2)
    assert drive(replayed, 2) == expected
    assert drive(loaded, 2) == expected


@pytest.mark.parametrize(('make', 'space'), SMALL)
def test_every_cell_of_a_small_space_then_nothing(make, space):
    searcher, seen = make(space, 0), []
    while proposals := searcher.propose(4):
        seen += [proposal.architecture for proposal in proposals]
        searcher.observe(answer(proposals))
    assert len(seen) == len(set(seen))
    assert set(seen) == set(canonical_cells(space))
    # Two inputs and two operations make 4 branches; 10 unordered pairs of them make a node; two cells.
    assert len(seen) == 10 * 10 or space is not TINY
    assert searcher.propose(4) == []


def odd(architecture):
    return math.nan if sum(architecture.tokens) % 2 else score(architecture)


@pytest.mark.parametrize('rule', [odd, lambda _: 0.5, lambda _: math.nan], ids=['half fail', 'all equal', 'all fail'])
@pytest.mark.parametrize(('make', 'space'), SOME)
def test_survives_failures_and_equal_scores(make, space, rule):
    log = drive(make(space, 3), 4, rule)
    assert all(proposals for proposals, _ in log)


@pytest.mark.parametrize(('make', 'space'), EVERY)
def test_survives_one_observation(make, space):
    searcher = make(space, 0)
    searcher.observe(answer(searcher.propose(1)))
    assert searcher.propose(2)


@pytest.mark.slow
@pytest.mark.parametrize('name', SEARCHERS)
def test_survives_a_thousand_observations(name):
    space = SPACES['nasbench201' if name in RANKS_ALL else 'pnas_cnn' if name in GROWS else 'enas_cnn']
    searcher = SEARCHERS[name](space, 0)
    start = RandomSearch(space, seed=9).propose(1000)
    searcher.observe(answer(start))
    proposals = searcher.propose(4)
    assert len(proposals) == 4
    assert not {p.architecture for p in proposals} & {p.architecture for p in start}
