"""HyperParameters that notice a model whose search space changes from build to build."""

from __future__ import annotations

import json
from typing import Any

import keras_tuner

from nao_tf.errors import InputError

Definitions = dict[str, str]


class ChangedSpaceError(InputError, keras_tuner.errors.FatalError):
    """A hyper-parameter was declared in two ways; KerasTuner ends the search at it rather than fail the trial."""


class WatchedHyperParameters(keras_tuner.HyperParameters):
    """KerasTuner's own, but two builds must declare a hyper-parameter of one name and scope in the same way.

    KerasTuner keeps the first declaration and gives its values to all builds, whatever they ask for. New names may
    appear at any time; that is how KerasTuner finds out about a space.

    Attributes:
        definitions: of the hyper-parameters that any build has declared, shared by all copies. What the person gave to
            the oracle is not among them: it is meant to override the build's own.
    """

    def __init__(self):
        super().__init__()
        self.definitions: Definitions = {}

    @classmethod
    def of(cls, hyperparameters: keras_tuner.HyperParameters, definitions: Definitions) -> WatchedHyperParameters:
        """Returns a copy that watches.

        Args:
            hyperparameters: to be copied.
            definitions: that are known; added to.
        """
        result = cls.from_config(hyperparameters.get_config())
        result.definitions = definitions
        return result

    def copy(self) -> WatchedHyperParameters:
        """Returns a copy that knows the same definitions."""
        return self.of(self, self.definitions)

    def _retrieve(self, hp: Any) -> Any:
        config = hp.get_config()
        config.pop('default', None)  # another default changes no space
        place = json.dumps([config.pop('name'), config.pop('conditions')])
        definition = f'{type(hp).__name__} {json.dumps(config, default=str)}'
        known = self.definitions.setdefault(place, definition)
        if known != definition:
            raise ChangedSpaceError(
                f'hyper-parameter {hp.name!r} is {definition} in this build and was {known} in an earlier one; every '
                'build must declare it in the same way: correct the HyperModel, or begin anew with overwrite=True'
            )
        return super()._retrieve(hp)
