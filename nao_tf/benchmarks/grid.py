"""Settings of searchers that are compared: from JSON to configs."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import ml_collections

from nao_tf.benchmarks.plan import NOT_READ
from nao_tf.controller.presets import preset
from nao_tf.errors import InputError
from nao_tf.search.config import flatten, set_field
from nao_tf.searchers.registry import COMMON, SEARCHERS
from nao_tf.spaces.notation import parse_json

DEFAULT = 'default'  # label of the config's own setting


@dataclasses.dataclass(frozen=True)
class Arm:
    """One searcher with one setting.

    Args:
        searcher: its name.
        label: the fields that differ from the config, for a person; `DEFAULT` for none.
        config: with the setting.
    """

    searcher: str
    label: str
    config: ml_collections.ConfigDict

    @property
    def default(self) -> bool:
        """Whether it is the config's own setting."""
        return self.label == DEFAULT

    @property
    def name(self) -> str:
        """The searcher and the label."""
        return f'{self.searcher} {self.label}'

    def folder(self, **more: Any) -> str:
        """Returns a name for the folder of its records, of all that they depend on.

        Args:
            more: what they depend on beside the settings, as JSON types.
        """
        settings = {
            field: value
            for field, value in flatten(self.config.searcher).items()
            if field not in NOT_READ and self.searcher in owners(field)
        }
        if self.searcher == 'nao':  # fields that are None are the preset's
            settings['preset'] = preset(self.config.searcher.preset).to_json()
        text = json.dumps([settings, more], sort_keys=True)
        return f'{self.searcher}-{hashlib.sha256(text.encode()).hexdigest()[:12]}'


def make_arms(searchers: Sequence[str], settings: str, config: ml_collections.ConfigDict) -> list[Arm]:
    """Returns each searcher with the config's setting, and then with each of the given ones that is about it.

    Args:
        searchers: names.
        settings: JSON: an object of config fields below `searcher` whose values are lists (all combinations of them),
            or a list of such objects with single values (these settings); '' for none. A field such as
            `lanas.height` is that searcher's, `initial` and `per_round` are everybody's, any other is NAO's.
        config: of `default_benchmark_config`, what the settings start from.

    Raises:
        InputError: if there is no such searcher or field, or the text has another form.
    """
    arms: dict[str, Arm] = {}
    for searcher in searchers:
        if searcher not in SEARCHERS:
            raise InputError(f'there is no searcher {searcher!r}; there are {", ".join(SEARCHERS)}')
        for fields in ({}, *parse_settings(settings)):
            own = {field: value for field, value in fields.items() if searcher in owners(field)}
            changed = config.copy_and_resolve_references()
            for field, value in own.items():
                set_field(changed, f'searcher.{field}', value, origin='--settings')
            label = ' '.join(f'{field.removeprefix(f"{searcher}.")}={value}' for field, value in own.items())
            arm = Arm(searcher, label or DEFAULT, changed)
            arms.setdefault(arm.folder(), arm)
    return list(arms.values())


def owners(field: str) -> tuple[str, ...]:
    """Returns the searchers that a field of `config.searcher` is about."""
    if field in COMMON:
        return tuple(SEARCHERS)
    first = field.partition('.')[0]
    return (first,) if first in SEARCHERS else ('nao',)


def parse_settings(text: str) -> list[Mapping[str, Any]]:
    """Returns the settings of a text (`make_arms`).

    Raises:
        InputError: if it has another form.
    """
    value = parse_json(text) if text else []
    if isinstance(value, dict) and all(isinstance(choices, list) for choices in value.values()):
        return [dict(zip(value, choice, strict=True)) for choice in itertools.product(*value.values())]
    if isinstance(value, list) and all(isinstance(fields, dict) for fields in value):
        return value
    raise InputError(
        f'--settings is {text!r}; it is an object of lists, such as {{"lanas.height": [4, 5]}}, or a list of objects, '
        'such as [{"lanas.height": 4}, {"lanas.height": 5}]'
    )
