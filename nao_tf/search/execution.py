"""Where the children of a search run: the choice that the command makes, not the config."""

from __future__ import annotations

import dataclasses
from typing import Any

import ml_collections
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.evaluators.child import Child
from nao_tf.search.children import make_child
from nao_tf.search.executor import Executor, InProcess
from nao_tf.search.ray_cluster import RayOptions
from nao_tf.search.ray_executor import RayExecutor
from nao_tf.search.recipe import evaluator_recipe
from nao_tf.search.setup import Parts
from nao_tf.search.together import Together
from nao_tf.spaces.base import SearchSpace
from nao_tf.tasks.make import TEXT_SOURCES, Task
from nao_tf.training.broadcast import Broadcast
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.strategy import task_of_cluster

EXECUTORS = ('in_process', 'ray')


@dataclasses.dataclass(frozen=True)
class Execution:
    """Which executor, and how many children at a time. It changes no score and no proposal.

    Args:
        executor: a name of `EXECUTORS`.
        workers: children that run at a time; in this process, one.
        ray_address: `host:port` of a Ray cluster's head or `auto`; '' starts Ray on this machine.
        distribution: the devices that train one child together.

    Raises:
        InputError: for an executor that does not exist, or an option that it does not have.
    """

    executor: str = 'in_process'
    workers: int = 1
    ray_address: str = ''
    distribution: Distribution = OFF

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise InputError(f'--executor is {self.executor!r}; it is one of {", ".join(EXECUTORS)}')
        if self.executor == 'in_process' and (self.workers != 1 or self.ray_address):
            option = f'--ray_address={self.ray_address}' if self.ray_address else f'--workers={self.workers}'
            raise InputError(f'{option} needs --executor=ray; in_process trains one child at a time')
        if self.executor == 'ray' and self.distribution.many_processes:
            raise InputError(
                '--distribution_strategy=multi_worker_mirrored is for one child on several machines; Ray puts each '
                'child on one: take mirrored or tpu there'
            )

    @property
    def elsewhere(self) -> bool:
        """Whether children may run on other machines than this one."""
        return bool(self.ray_address)

    @property
    def here(self) -> Distribution:
        """The devices on which this process alone trains children: to measure one, or to train one again."""
        return OFF if self.executor == 'ray' or self.distribution.many_processes else self.distribution

    @property
    def follows(self) -> bool:
        """Whether this process trains along with the one that searches."""
        return self.distribution.many_processes and task_of_cluster()[0] > 0

    def precision(self, config: ml_collections.ConfigDict) -> str:
        """Returns `child.precision`; for `auto`, the one that the devices of a child are made for.

        Args:
            config: of the search.
        """
        if config.child.precision != 'auto':
            return config.child.precision
        if config.task.name in TEXT_SOURCES:
            return 'float32'  # language models know no other
        if self.distribution.strategy == 'tpu':
            return 'mixed_bfloat16'
        gpus = config.ray.num_gpus if self.executor == 'ray' else len(tf.config.list_physical_devices('GPU'))
        return 'mixed_float16' if gpus and self.distribution.num_gpus != 0 else 'float32'

    def child(self, config: ml_collections.ConfigDict, task: Task, space: SearchSpace) -> Child:
        """Returns the evaluator of children that several processes train together.

        Args:
            config: of the search.
            task: that children are trained on.
            space: of their architectures.
        """
        child = make_child(config, task, space, self.distribution)
        child.broadcast = Broadcast(self.distribution)
        return child

    def make(self, config: ml_collections.ConfigDict, parts: Parts, identity: dict[str, Any]) -> Executor:
        """Returns the executor, not entered yet.

        Args:
            config: of the search.
            parts: of the search.
            identity: of the search, for the processes that train along.

        Raises:
            InputError: if the config asks for resources that cannot be.
        """
        options = RayOptions(workers=self.workers, address=self.ray_address, **config.ray.to_dict())
        if self.executor == 'in_process':
            if not self.distribution.many_processes:
                return InProcess(parts.evaluator)
            child = self.child(config, parts.task, parts.space)
            assert child.broadcast is not None
            child.checkpoints = parts.evaluator.checkpoints
            return Together(child, child.broadcast, identity)
        return RayExecutor(
            evaluator_recipe(config, parts.task, self.distribution), options, max_attempts=config.max_attempts
        )
