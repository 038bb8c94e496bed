"""Keeps the trained weights of the best child of each arm, and of the Pareto front where that is the objective."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

from nao_tf.evaluators.base import Evaluator
from nao_tf.files import is_whole_archive
from nao_tf.search.executor import Executor
from nao_tf.search.front import Front
from nao_tf.search.history import BASELINE, SEARCH, History, Trial
from nao_tf.searchers.evaluation import Evaluation


class BestChildren:
    """Saves a child that is better than all before it in the view of its arm, as `children/trial_N.keras`.

    The file is written before the journal records the trial's end, so a finished best trial has its weights;
    should a file be missing or damaged all the same, `model_path` trains that child again: it is a function of its
    seed.

    Args:
        folder: `children` in the work directory.
        executor: that runs them.
        evaluator: that can train one of them again here.
        front: whose children are kept too; None where the score alone counts.
    """

    def __init__(self, folder: Path, executor: Executor, evaluator: Evaluator, front: Front | None = None):
        self.folder = folder
        self.executor = executor
        self.evaluator = evaluator
        self.front = front

    def path(self, trial: Trial) -> Path:
        """Returns where the weights of a trial are kept."""
        return self.folder / f'trial_{trial.reused or trial.id:05d}.keras'

    def floor(self, trial: Trial, history: History) -> float:
        """Returns the score from which on the child of a trial may be the best of an arm.

        Args:
            trial: about to start.
            history: as it is now.
        """
        floors = [-math.inf if best is None else best.score for best in self._bests(trial, history)]
        if self.front is not None:
            floors.append(self.front.floor(trial, history))
        return min(floors)

    def _bests(self, trial: Trial, history: History) -> list[Trial | None]:
        """Returns the best so far of each arm that a trial counts in."""
        return [history.best(arm) for arm in ((SEARCH, BASELINE) if trial.shared else (trial.arm,))]

    def keep(self, trial: Trial, evaluation: Evaluation, history: History) -> None:
        """Saves the child that just ended, if it is the best so far or on the front.

        Args:
            trial: of the child.
            evaluation: with a usable score.
            history: without this end.
        """
        for best in self._bests(trial, history):
            # Children may end in any order; of equal ones the earliest trial is the best.
            if best is None or (evaluation.score, -trial.id) > (best.score, -best.id):
                self.executor.save(self.path(trial))
                return
        ended = dataclasses.replace(trial, evaluation=evaluation)
        if self.front is not None and ended in self.front.trials(history, ended):
            self.executor.save(self.path(trial))

    def tidy(self, history: History) -> None:
        """Removes the files of trials that are no arm's best and not on the front, and checkpoints of ended trials."""
        if not self.folder.is_dir():
            return
        wanted = [best for best in map(history.best, (SEARCH, BASELINE)) if best is not None]
        if self.front is not None:
            wanted += self.front.trials(history)
        models = set(map(self.path, wanted))
        for file in self.folder.glob('*.keras'):
            if file not in models:
                file.unlink()
        if checkpoints := list(self.folder.glob('child_*.npz')):
            wanted += [trial for trial in history.trials.values() if trial.evaluation is None]
            under_way = {self.evaluator.checkpoint(trial.proposal.architecture) for trial in wanted}
            for file in checkpoints:
                if file not in under_way:
                    file.unlink(missing_ok=True)

    def reached(self, trial: Trial) -> int | None:
        """Returns when the checkpoint of a trial that has not ended was written, in ns; None without one."""
        file = self.evaluator.checkpoint(trial.proposal.architecture)
        return None if file is None or not file.exists() else file.stat().st_mtime_ns

    def front_models(self, history: History) -> dict[int, str]:
        """Returns the files of the children of the front in the work directory, by the numbers of their trials."""
        trials = [] if self.front is None else self.front.trials(history)
        return {trial.id: f'{self.folder.name}/{self.path(trial).name}' for trial in trials}

    def model_path(self, trial: Trial, say: Callable[[str], None]) -> Path:
        """Returns the file of a best trial, training it again if the file is gone or damaged.

        Args:
            trial: finished.
            say: told if it has to be trained.
        """
        path = self.path(trial)
        if not is_whole_archive(path):
            state = f'in {path} are damaged' if path.exists() else 'are not here'
            say(f'the weights of trial {trial.id} {state}; it is trained again')
            self.evaluator.evaluate(trial.proposal.architecture)
            self.evaluator.save(path)
        return path
