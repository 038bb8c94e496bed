"""Keeps the trained weights of the best child of each arm, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.search.history import BASELINE, SEARCH, History, Trial
from nao_tf.searchers.base import Evaluation


class BestChildren:
    """Saves a child that is better than all before it in the view of its arm, as `children/trial_N.keras`.

    The file is written before the journal records the trial's end, so a finished best trial has its weights;
    should a file be missing all the same, `model_path` trains that child again: it is a function of its seed.

    Args:
        folder: `children` in the work directory.
        evaluator: that trained them.
    """

    def __init__(self, folder: Path, evaluator: TrainedChild):
        self.folder = folder
        self.evaluator = evaluator

    def path(self, trial: Trial) -> Path:
        """Returns where the weights of a trial are kept."""
        return self.folder / f'trial_{trial.reused or trial.id:05d}.keras'

    def keep(self, trial: Trial, evaluation: Evaluation, history: History) -> None:
        """Saves the child that just ended, if it is the best so far.

        Args:
            trial: of the child.
            evaluation: with a usable score.
            history: without this end.
        """
        arms = (SEARCH, BASELINE) if trial.shared else (trial.arm,)
        bests = [history.best(arm) for arm in arms]
        if any(best is None or evaluation.score > best.score for best in bests):
            self.evaluator.save(self.path(trial))

    def tidy(self, history: History) -> None:
        """Removes the files of trials that are no arm's best."""
        if not self.folder.is_dir():
            return
        wanted = {self.path(best) for best in map(history.best, (SEARCH, BASELINE)) if best is not None}
        for file in self.folder.glob('*.keras'):
            if file not in wanted:
                file.unlink()

    def model_path(self, trial: Trial, say: Callable[[str], None]) -> Path:
        """Returns the file of a best trial, training it again if the file is gone.

        Args:
            trial: finished.
            say: told if it has to be trained.
        """
        path = self.path(trial)
        if not path.exists():
            say(f'the weights of trial {trial.id} are not here; it is trained again')
            self.evaluator.evaluate(trial.proposal.architecture)
            self.evaluator.save(path)
        return path
