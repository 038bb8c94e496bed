"""What an oracle keeps of its searcher: a log of rounds that rebuilds it, and a snapshot that saves the time."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nao_tf import __version__
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.tuner.state_files import write_state

Observe = Callable[[Sequence[str]], list[Evaluation]]  # trial ids to evaluations


@dataclasses.dataclass
class Round:
    """One call of the searcher's `propose`, and what it was told before.

    Args:
        observed: ids of the trials that ended since the last round, in the order in which the searcher was told.
        running: tokens of trials that were running when the space had changed; they are not proposed again.
        proposed: tokens of the proposals.
        draws: of the searcher, after it.
        trials: ids of the trials that have got the first of the proposals.
        asked: how many proposals the searcher was asked for; None where an older file does not say.
    """

    observed: list[str]
    running: list[list[int]]
    proposed: list[list[int]]
    draws: int
    trials: list[str] = dataclasses.field(default_factory=list)
    asked: int | None = None

    @property
    def settled(self) -> dict[str, Any]:
        """What does not change any more."""
        return {field: value for field, value in dataclasses.asdict(self).items() if field != 'trials'}


def make_round(
    searcher: Searcher, observed: list[str], running: list[list[int]], count: int, observe: Observe
) -> Round:
    """Tells a searcher what is new and asks it for proposals.

    Args:
        searcher: changed.
        observed: ids of the trials that ended.
        running: tokens of trials that it does not know of and that still run.
        count: of the proposals, at the most.
        observe: turns ids into evaluations.
    """
    _tell(searcher, observed, running, observe)
    proposals = searcher.propose(count)
    tokens = [list(item.architecture.tokens) for item in proposals]
    return Round(observed, running, tokens, searcher.draws, asked=count)


def replay(searcher: Searcher, rounds: Sequence[Round], observe: Observe) -> None:
    """Brings a new searcher to where it was after some rounds.

    Args:
        searcher: changed.
        rounds: all of them.
        observe: turns ids into evaluations.
    """
    for entry in rounds:
        _tell(searcher, entry.observed, entry.running, observe)
        name = searcher.space.name
        proposals = [Proposal(Architecture(name, tuple(item)), 'log') for item in entry.proposed]
        searcher.adopt(proposals, entry.draws, entry.asked)


def save_snapshot(path: Path, searcher: Searcher, rounds: Sequence[Round]) -> None:
    """Writes the searcher's state (with its weights, where it keeps any) whole or not at all.

    Args:
        path: of the file.
        searcher: as it is after the rounds.
        rounds: all of them.
    """
    state = searcher.state_dict()
    write_state(path, {'rounds': len(rounds), 'digest': _digest(rounds, state), 'state': state})


def load_snapshot(path: Path, searcher: Searcher, rounds: Sequence[Round]) -> int:
    """Loads a snapshot if it belongs to the log.

    Args:
        path: of the file; it may be missing, damaged or of another search.
        searcher: new; changed.
        rounds: all of them.

    Returns:
        How many rounds the searcher knows by it; 0 where there is no use of it.
    """
    try:
        value = json.loads(path.read_text(encoding='utf-8'))
        count = int(value['rounds'])
        if count > len(rounds) or value['digest'] != _digest(rounds[:count], value['state']):
            return 0
        state = value['state']
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    searcher.load_state_dict(state)
    return count


def _tell(searcher: Searcher, observed: Sequence[str], running: Sequence[Sequence[int]], observe: Observe) -> None:
    searcher.known.update(Architecture(searcher.space.name, tuple(tokens)) for tokens in running)
    if observed:
        searcher.observe(observe(observed))


def _digest(rounds: Sequence[Round], state: Mapping[str, Any]) -> str:
    """Returns a hash of the log, the state and the version, of which another one may read the state otherwise."""
    content = [[entry.settled for entry in rounds], state, __version__]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
