"""NetworkConfig: everything that shapes a convolutional network beside its two cells."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from nao_tf.errors import InputError

STEMS = ('cifar', 'imagenet')
RULES = ('tf1', 'pytorch')
MOST_CELLS = 200  # of a stage, far beyond any network that was trained: even to plan what a file says takes memory
AUXILIARY_SIDE = 8  # the auxiliary head pools 5x5 and then convolves 2x2: it has nothing to see below this


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Depth, width, image and regularisation of a network of stacked cells (section 4.1, Fig. 3).

    Two rule sets for the details around a cell were released with the paper. `tf1` (the default) is that of the
    code behind the paper's search and its figures: the first cell reads the raw stem as its older input, the newer
    input of every cell goes through ReLU-1x1-BN (but not straight behind the ImageNet stem, which is the other
    code's), an identity that must change its shape is a ReLU-1x1-BN, a ReLU
    precedes the global pooling, drop path leaves identities alone, the auxiliary head reads the first normal cell
    after the second reduction. `pytorch` is that of the later code: both inputs are brought to F channels and only
    where they have another number, an identity of stride 2 is a factorized reduction, the convolutions of a pair
    share the stride between them, no ReLU before the global pooling, drop path on every branch, the auxiliary head
    reads the second reduction cell itself. Windows are placed as TensorFlow's SAME padding does under both.

    Args:
        cells_per_stage: N, normal cells in each of the three stages; the network has 3N + 2 cells.
        filters: F, filters of the first stage (even); each reduction doubles them.
        image_shape: (H, W, C) in pixels and channels.
        classes: number of classes, at least 2.
        stem: `cifar` (one 3x3 convolution to 3F channels) or `imagenet` (three of stride 2; the cells start at
            H/8; the released one of the PyTorch code, under both rule sets).
        rules: `tf1` or `pytorch`, see above.
        drop_path_keep: probability to keep a branch in the last cell at the end of training; 1 drops nothing.
        dense_keep: probability to keep a feature before the last dense layer; 1 drops nothing.
        auxiliary: whether there is an auxiliary head (for training only; its loss weight belongs to the training).

    Raises:
        InputError: if a value is out of its range, the image is too small for two reductions, or an auxiliary
            head is asked for where fewer than 8 pixels are left.
    """

    cells_per_stage: int
    filters: int
    image_shape: tuple[int, int, int]
    classes: int
    stem: str = 'cifar'
    rules: str = 'tf1'
    drop_path_keep: float = 1.0
    dense_keep: float = 1.0
    auxiliary: bool = False

    def __post_init__(self):
        _check_integer('cells_per_stage (N)', self.cells_per_stage, 1, MOST_CELLS)
        _check_integer('filters (F)', self.filters, 2)
        _check_integer('classes', self.classes, 2)
        if self.filters % 2:
            raise InputError(
                f'network: filters (F) must be even, because factorized reduction halves them, not {self.filters}; '
                f'take {self.filters - 1} or {self.filters + 1}'
            )
        try:
            shape = tuple(self.image_shape)
        except TypeError:
            shape = ()
        if len(shape) != 3:
            raise InputError(f'network: image_shape must be (height, width, channels), not {self.image_shape!r}')
        for name, value in zip(('height', 'width', 'channels'), shape, strict=True):
            _check_integer(f'image_shape: {name}', value, 1)
        object.__setattr__(self, 'image_shape', shape)
        _check_choice('stem', self.stem, STEMS)
        _check_choice('rules', self.rules, RULES)
        for name in ('drop_path_keep', 'dense_keep'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                raise InputError(f'network: {name} is a probability above 0 and at most 1, not {value!r}')
        self._check_size()

    def _check_size(self) -> None:
        height, width, _ = self.image_shape
        minimum = 3 if self.stem == 'cifar' else 17  # each of the two reductions must find two pixels to reduce
        if min(height, width) < minimum:
            raise InputError(
                f'network: images of {height}x{width} pixels are too small for two reductions with stem '
                f'{self.stem!r}; both sides must be at least {minimum}'
            )
        if self.auxiliary and min(self.final_sides) < AUXILIARY_SIDE:
            least = (AUXILIARY_SIDE - 1) * self._divisor + 1
            raise InputError(
                f'network: an auxiliary head needs {AUXILIARY_SIDE} pixels a side after the second reduction; images '
                f'of {height}x{width} with stem {self.stem!r} leave {self.final_sides[0]}x{self.final_sides[1]}; set '
                f'auxiliary to False, or take images of at least {least} pixels a side'
            )

    @property
    def cells(self) -> int:
        """Number of cells, 3N + 2."""
        return 3 * self.cells_per_stage + 2

    @property
    def reductions(self) -> tuple[int, int]:
        """Indices of the two reduction cells, counted from 0."""
        return (self.cells_per_stage, 2 * self.cells_per_stage + 1)

    @property
    def final_sides(self) -> tuple[int, int]:
        """Height and width in pixels after both reductions."""
        return (math.ceil(self.image_shape[0] / self._divisor), math.ceil(self.image_shape[1] / self._divisor))

    @property
    def _divisor(self) -> int:
        return 4 if self.stem == 'cifar' else 32

    def to_json(self) -> dict[str, Any]:
        """Returns the fields by name as JSON types."""
        return {**dataclasses.asdict(self), 'image_shape': list(self.image_shape)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NetworkConfig:
        """Reads what `to_json` wrote.

        Raises:
            InputError: if a field is missing, unknown or out of range.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        unknown = set(value) - fields
        if unknown:
            raise InputError(
                f'network: unknown field {sorted(unknown)[0]!r}; the fields are {", ".join(sorted(fields))}'
            )
        try:
            return cls(**value)
        except TypeError as error:
            raise InputError(f'network: {error}') from None


def _check_integer(name: str, value: Any, minimum: int, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise InputError(f'network: {name} must be an integer of at least {minimum}, not {value!r}')
    if most is not None and value > most:
        raise InputError(f'network: {name} must be at most {most}, not {value}')


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f'network: {name} must be one of {", ".join(choices)}, not {value!r}')
