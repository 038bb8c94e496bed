"""DurableOracle: no trial of a KerasTuner search is lost or ends twice, whichever of its processes is killed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import keras_tuner
from keras_tuner.src.distribute.utils import has_chief_oracle

from nao_tf.files import as_path
from nao_tf.tuner.state_files import mend_tuners, read_state, write_state

TRIAL = 'trial.json'


class DurableOracle(keras_tuner.Oracle):
    """Writes whole files, mends what a kill between two of them has left, and ends every trial once.

    A chief that is started again gives the trials that ran to whoever asks first. A worker that has outlived the chief
    reports such a trial too: the first report counts. That it failed is not believed at once: for KerasTuner a trial
    has failed as well when its worker could not reach the chief, and the chief is not told why.

    Args:
        options: of `keras_tuner.Oracle`.
    """

    snapshot = 'searcher.json'  # the file beside `oracle.json` that a subclass may keep

    def __init__(self, **options: Any):
        self.hyperparameters: Any
        self.trials: dict[str, Any]
        self._begun = False
        self._doubted: set[str] = set()  # trials that ran when a chief was killed
        super().__init__(**options)

    @property
    def local(self) -> bool:
        """Whether the directory is of this machine; a bucket (`gs://`) is written as KerasTuner does."""
        return '://' not in str(self._directory)

    @keras_tuner.synchronized
    def create_trial(self, tuner_id: str) -> Any:
        """Returns the next trial; continues what lies in the directory, if the tuner has not done so.

        A tuner whose own file was lost, or that was killed before it wrote the first one, begins anew over the trials.

        Args:
            tuner_id: of the worker.

        Raises:
            InputError: if a file of the search is damaged.
        """
        if not self._begun and self.local and as_path(self._get_oracle_fname()).exists():
            self.reload()
        self._begun = True
        return super().create_trial(tuner_id)

    @keras_tuner.synchronized
    def update_trial(self, trial_id: str, metrics: Mapping[str, Any], step: int = 0) -> Any:
        """Records metrics of a trial; returns it, unchanged if it has ended.

        Args:
            trial_id: of the trial.
            metrics: by their names.
            step: that they belong to.
        """
        if trial_id in self.end_order:
            return self.trials[trial_id]
        return super().update_trial(trial_id, metrics, step=step)

    @keras_tuner.synchronized
    def end_trial(self, trial: Any) -> None:
        """Records the end of a trial, if it is the first.

        Args:
            trial: with its status.
        """
        name = trial.trial_id
        if name in self.end_order:
            return
        if trial.status == 'INVALID' and name in self._doubted:
            if name not in self._retry_queue:
                self._doubted.remove(name)
            return
        if name in self._retry_queue:
            self._retry_queue.remove(name)
        # KerasTuner saves its state before it writes down when a trial began, and shows that at its end.
        self._display.trial_start.setdefault(name, datetime.datetime.now())
        self._display.trial_number.setdefault(name, self.start_order.index(name) + 1)
        super().end_trial(trial)

    def reload(self) -> None:
        """Reads the trials and the state, and mends what a kill between the writes of the two has left.

        Raises:
            InputError: naming the file, if one is damaged or gone.
        """
        self._begun = True
        if self.local:
            self._check_files()
        super().reload()
        # A trial that was never recorded is proposed again, under the same id.
        self.trials = {name: self.trials[name] for name in in_order(self.trials) if name in self.start_order}
        ended = [name for name in self._retry_queue if self.trials[name].status in ('COMPLETED', 'FAILED')]
        for name in ended:
            self._retry_queue.remove(name)
            self.update_space(self.trials[name].hyperparameters)
            if name not in self.end_order:  # the state is written before KerasTuner takes a trial off its list
                self.end_order.append(name)
        if has_chief_oracle():
            self._doubted = set(self._retry_queue)
        if ended:
            self.save()  # after the last trial of a search nothing else would

    def save(self) -> None:
        """Writes the state whole or not at all."""
        if self.local:
            write_state(as_path(self._get_oracle_fname()), self.get_state())
        else:
            super().save()

    def _save_trial(self, trial: Any) -> None:
        if self.local:
            write_state(as_path(self._get_trial_dir(trial.trial_id)) / TRIAL, trial.get_state())
        else:
            super()._save_trial(trial)

    def _check_files(self) -> None:
        """Raises an InputError if the state or a trial that it tells of cannot be read; mends the tuners' files."""
        state = read_state(as_path(self._get_oracle_fname()), 'start_order')
        for name in state['start_order']:
            read_state(as_path(self._get_trial_dir(name)) / TRIAL, 'trial_id')
        mend_tuners(as_path(self._project_dir), {as_path(self._get_oracle_fname()).name, self.snapshot})


def in_order(trial_ids: Iterable[str]) -> list[str]:
    """Returns trial ids in the order of their numbers, which have leading zeros up to a certain length.

    Args:
        trial_ids: of KerasTuner.
    """
    return sorted(trial_ids, key=lambda name: (len(name), name))
