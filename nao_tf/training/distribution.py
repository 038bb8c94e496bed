"""Distribution: what the flags that TPU users know say; TensorFlow is not needed to read them."""

from __future__ import annotations

import dataclasses

from nao_tf.errors import InputError

STRATEGIES = ('off', 'one_device', 'mirrored', 'multi_worker_mirrored', 'tpu')
TPU_STEPS_PER_LOOP = 50  # of a training whose `steps_per_loop` is left alone


@dataclasses.dataclass(frozen=True)
class Distribution:
    """How one training is spread over devices; the batch size of its recipe is that of all of them together.

    Args:
        strategy: a name of `STRATEGIES`. `off` is the device that TensorFlow takes by itself.
        tpu: `local`, `grpc://HOST:PORT`, or the name of a Cloud TPU; '' means local. For `tpu` only.
        num_gpus: GPUs of this machine to use; None takes one or all that there are, 0 the processors.
        steps_per_loop: steps of one call from Python; 0 chooses 50 on a TPU and 1 elsewhere.

    Raises:
        InputError: for a strategy that does not exist, or an option that it does not have.
    """

    strategy: str = 'off'
    tpu: str = ''
    num_gpus: int | None = None
    steps_per_loop: int = 0

    def __post_init__(self) -> None:
        name = self.strategy
        if name not in STRATEGIES:
            raise InputError(f'--distribution_strategy is {name!r}; it is one of {", ".join(STRATEGIES)}')
        if self.tpu and name != 'tpu':
            raise InputError(f'--tpu={self.tpu} needs --distribution_strategy=tpu; it is {name}')
        if self.num_gpus is not None and self.num_gpus < 0:
            raise InputError(f'--num_gpus is {self.num_gpus}; it must be at least 0')
        if self.num_gpus is not None and name in ('off', 'tpu'):
            raise InputError(
                f'--num_gpus={self.num_gpus} needs --distribution_strategy=one_device, mirrored or '
                f'multi_worker_mirrored; it is {name}'
            )
        if name == 'one_device' and (self.num_gpus or 0) > 1:
            raise InputError(f'--num_gpus={self.num_gpus} are more than one device; take mirrored')
        if self.steps_per_loop < 0:
            raise InputError(f'--steps_per_loop is {self.steps_per_loop}; it must be at least 1, or 0 to choose it')

    @property
    def loop(self) -> int:
        """Steps of one call from Python, at least 1."""
        return self.steps_per_loop or (TPU_STEPS_PER_LOOP if self.strategy == 'tpu' else 1)

    @property
    def many_processes(self) -> bool:
        """Whether several processes train one network together, each started by the same command."""
        return self.strategy == 'multi_worker_mirrored'


OFF = Distribution()
