"""What the folder of the children holds: models of the best, checkpoints of those that are under way."""

import numpy as np

from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.search.events import evaluated_event, proposed_event
from nao_tf.search.executor import failed_evaluation
from nao_tf.search.history import SEARCH, History, Trial
from nao_tf.search.keeper import BestChildren
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.registry import get_space


def test_checkpoints_of_children_that_are_given_up_go(tmp_path):
    space = get_space('nao_cnn')
    rng = np.random.default_rng(0)
    cells = [space.canonical(space.sample(rng)) for _ in range(4)]
    evaluator = TrainedChild(None, space, network=None, training=None, seed=0)
    evaluator.checkpoints = tmp_path
    history = History([], space.name)
    for number, cell in enumerate(cells, start=1):
        history.apply(proposed_event(Trial(number, SEARCH, Proposal(cell, 'random'))))
        evaluator.checkpoint(cell).touch()
    ends = [failed_evaluation(cells[0], 'it died'), Evaluation(cells[1], 0.5), Evaluation(cells[2], 0.4)]
    for number, evaluation in enumerate(ends, start=1):
        history.apply({**evaluated_event(number, evaluation), 'elapsed': 0.0})
    (tmp_path / 'child_00000000.npz').touch()
    BestChildren(tmp_path, None, evaluator).tidy(history)
    # The best may be under way again, where its model was lost.
    assert set(tmp_path.iterdir()) == {evaluator.checkpoint(cells[1]), evaluator.checkpoint(cells[3])}
