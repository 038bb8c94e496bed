"""From a config to the parts of a search."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import ml_collections

from nao_tf.errors import InputError
from nao_tf.evaluators.child import Child
from nao_tf.files import as_path
from nao_tf.search.budgets import arm_budgets
from nao_tf.search.children import make_child
from nao_tf.search.config import flatten
from nao_tf.search.costs import Costs, limits_of
from nao_tf.search.front import Front
from nao_tf.search.history import History
from nao_tf.search.identity import may_change
from nao_tf.search.journal import Journal
from nao_tf.search.sharing.config import default_config_like
from nao_tf.search.workdir import CONFIG, JOURNAL, read_json
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.random import RandomSearch
from nao_tf.searchers.registry import make_searcher, total_evaluations
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.constrained import Fit, Limit, check_limits, constrain
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import Task
from nao_tf.training.distribution import OFF, Distribution

BASELINES = ('none', 'random')


@dataclasses.dataclass
class Parts:
    """Everything that a search is put together from.

    Args:
        space: what is searched.
        task: data and metric.
        evaluator: trains children.
        searcher: of the search arm.
        baseline: of the random arm, None without one.
        total: children of the search arm, without warm scores.
        initial: |X|; as many warm scores take the place of a child.
        warm: evaluations taken over from another run.
        costs: of children.
        limits: of them.
        front: None where the score alone is the objective.
        fit: how many random architectures keep the limits; None without limits, or before it was looked at.
    """

    space: SearchSpace
    task: Task
    evaluator: Child
    searcher: Searcher
    baseline: Searcher | None
    total: int
    initial: int
    warm: list[Evaluation]
    costs: Costs
    limits: list[Limit]
    front: Front | None
    fit: Fit | None = None

    @property
    def searched(self) -> SearchSpace:
        """The space of those architectures that keep the limits."""
        return constrain(self.space, self.limits)

    def check_limits(self) -> None:
        """Looks whether enough architectures keep the limits.

        Raises:
            InputError: if no random architecture does.
        """
        if self.limits:
            self.fit = check_limits(self.space, self.limits)

    def budgets(self, history: History) -> dict[str, int]:
        """Returns the children of each arm (`arm_budgets`).

        Args:
            history: of the search.
        """
        return arm_budgets(
            history,
            total=self.total,
            initial=self.initial,
            warm=len(self.warm),
            first=self.searcher.round_size,
            baseline=self.baseline is not None,
        )


def build_parts(config: ml_collections.ConfigDict, task: Task, distribution: Distribution = OFF) -> Parts:
    """Returns the parts of the search that a config describes, every value checked.

    Args:
        config: of `nao_tf.search.config.default_config` or `default_text_config`.
        task: that its children are trained on.
        distribution: the devices that train a child together.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    # A space of one's own has its own name, so the default name gives way to it.
    own = config.space.module and config.space.name == default_config_like(config).space.name
    space = get_space('' if own else config.space.name, module=config.space.module)
    check_choice('baseline', config.baseline, BASELINES)
    if config.baseline == config.searcher.name:
        raise InputError(f'baseline is {config.baseline!r}, the searcher itself; set it to none')
    if config.max_attempts < 1:
        raise InputError(f'max_attempts is {config.max_attempts}; it must be at least 1')
    evaluator = make_child(config, task, space, distribution)
    costs = Costs(evaluator, config.max_attempts)
    limits = limits_of(config, costs)
    searched = constrain(space, limits)
    front = Front.of(config, space, costs)
    searcher = make_searcher(config.searcher.name, searched, config=config.searcher, seed=config.seed)
    if front is not None:
        searcher = front.searcher(searcher)
    total = total_evaluations(config.searcher)
    baseline = None
    if config.baseline == 'random':
        baseline = RandomSearch(searched, evaluations=total, seed=derived_seed(config.seed, 'baseline'))
    return Parts(
        space=space,
        task=task,
        evaluator=evaluator,
        searcher=searcher,
        baseline=baseline,
        total=total,
        initial=config.searcher.initial,
        warm=[],
        costs=costs,
        limits=limits,
        front=front,
    )


def identify(config: ml_collections.ConfigDict, parts: Parts) -> dict[str, Any]:
    """Returns what makes a search this one and no other: its config, its data, and its space's tokens."""
    space = parts.space
    layout = repr((space.vocabulary, space.branch_length)).encode() + space.next_state.tobytes() + space.valid.tobytes()
    return {
        **flatten(config),
        'space.name': space.name,
        'space.fingerprint': hashlib.sha256(layout).hexdigest()[:16],
        'data': parts.task.name,
        'fingerprint': parts.task.fingerprint,
    }


def check_choice(field: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises an InputError that lists the choices, if the value is none of them."""
    if value not in choices:
        raise InputError(f'{field} is {value!r}; it is one of {", ".join(choices)}')


def derived_seed(seed: int, purpose: str) -> int:
    """Returns a seed in [0, 2^31) that depends on another seed and on what it is for."""
    return int.from_bytes(hashlib.sha256(f'{seed}/{purpose}'.encode()).digest()[:4], 'big') & 0x7FFFFFFF


def warm_evaluations(
    config: ml_collections.ConfigDict, identity: dict[str, Any], space: SearchSpace, warn: Callable[[str], None]
) -> list[Evaluation]:
    """Returns the finished evaluations of the run that a search starts from, beyond its limits none.

    Args:
        config: whose `warm_start` names a work directory; '' for none.
        identity: of this search (`identify`).
        space: what is searched.
        warn: told of the damaged lines of its journal.

    Raises:
        InputError: if that run's scores do not compare: another space, task or recipe of the children.
    """
    if not config.warm_start:
        return []
    workdir = as_path(config.warm_start)
    if not workdir.is_dir():
        raise InputError(f'warm_start: there is no folder {workdir}; name the work directory of a search')
    source: dict[str, Any] = read_json(workdir / CONFIG)
    defaults = flatten(default_config_like(config))
    for name, value in identity.items():
        other = source.get(name, defaults.get(name))
        if name.startswith(('task.', 'space.', 'child.', 'fingerprint')) and not may_change(name) and other != value:
            raise InputError(
                f'warm_start: the scores in {workdir} do not compare: {name} is {other!r} there and {value!r} here'
            )
    journal = Journal(workdir / JOURNAL)
    if not journal.exists():
        raise InputError(f'warm_start: there is no {workdir / JOURNAL}; put back a copy, or name another run')
    history = History(journal.read(), space.name)
    history.check(space)
    for message in journal.damaged:
        warn(f'warm_start: {message}')
    seen: dict[Any, Evaluation] = {}
    for trial in history.trials.values():
        if trial.finished and trial.evaluation is not None and space.admits(trial.evaluation.architecture):
            seen.setdefault(trial.evaluation.architecture, trial.evaluation)
    return list(seen.values())
