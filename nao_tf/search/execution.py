"""Where the children of a search run: the choice that the command makes, not the config."""

from __future__ import annotations

import dataclasses

import ml_collections

from nao_tf.errors import InputError
from nao_tf.search.executor import Executor, InProcess
from nao_tf.search.ray_cluster import RayOptions
from nao_tf.search.ray_executor import RayExecutor
from nao_tf.search.recipe import evaluator_recipe
from nao_tf.search.setup import Parts

EXECUTORS = ('in_process', 'ray')


@dataclasses.dataclass(frozen=True)
class Execution:
    """Which executor, and how many children at a time. It changes no score and no proposal.

    Args:
        executor: a name of `EXECUTORS`.
        workers: children that run at a time; in this process, one.
        ray_address: `host:port` of a Ray cluster's head or `auto`; '' starts Ray on this machine.

    Raises:
        InputError: for an executor that does not exist, or an option that it does not have.
    """

    executor: str = 'in_process'
    workers: int = 1
    ray_address: str = ''

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise InputError(f'--executor is {self.executor!r}; it is one of {", ".join(EXECUTORS)}')
        if self.executor == 'in_process' and (self.workers != 1 or self.ray_address):
            option = f'--ray_address={self.ray_address}' if self.ray_address else f'--workers={self.workers}'
            raise InputError(f'{option} needs --executor=ray; in_process trains one child at a time')

    @property
    def elsewhere(self) -> bool:
        """Whether children may run on other machines than this one."""
        return bool(self.ray_address)

    def make(self, config: ml_collections.ConfigDict, parts: Parts) -> Executor:
        """Returns the executor, not entered yet.

        Args:
            config: of the search.
            parts: of the search.

        Raises:
            InputError: if the config asks for resources that cannot be.
        """
        options = RayOptions(workers=self.workers, address=self.ray_address, **config.ray.to_dict())
        if self.executor == 'in_process':
            return InProcess(parts.evaluator)
        return RayExecutor(evaluator_recipe(config, parts.task), options, max_attempts=config.max_attempts)
