"""Configs validate themselves, and the presets are what the documentation says they are."""

import dataclasses
from pathlib import Path

import pytest

from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.presets import DEFAULT, PAPER, PRESETS, RELEASED, preset
from nao_tf.errors import InputError

DOCUMENT = Path(__file__).resolve().parents[2] / 'docs' / 'controller.md'


def test_the_documented_table_is_the_presets():
    rows = {}
    for line in DOCUMENT.read_text(encoding='utf-8').splitlines():
        cells = [cell.strip().strip('`') for cell in line.strip().strip('|').split('|')]
        if line.startswith('| `') and len(cells) == 5:
            rows[cells[0]] = cells[1:4]
    expected = {
        field.name: [str(getattr(config, field.name)) for config in (PAPER, RELEASED, DEFAULT)]
        for field in dataclasses.fields(ControllerConfig)
    }
    assert rows == expected


def test_paper_and_released_differ_in_the_documented_fields_only():
    differing = {
        field.name
        for field in dataclasses.fields(ControllerConfig)
        if getattr(PAPER, field.name) != getattr(RELEASED, field.name)
    }
    assert differing == {
        'encoder_step', 'head', 'scores', 'reconstruction', 'trade_off', 'weight_decay', 'recurrent_decay',
        'decoder_decay', 'encoder_dropout', 'decoder_start', 'readout', 'symmetry', 'renormalise_mean',
        'renormalise_step', 'start', 'step_first', 'step_increment',
    }  # fmt: skip


def test_every_preset_has_the_papers_sizes():
    assert {(config.embedding, config.hidden) for config in PRESETS.values()} == {(32, 96)}


def test_an_unknown_preset_lists_those_that_exist():
    with pytest.raises(InputError, match=r"'fast'.*paper, released, default"):
        preset('fast')


@pytest.mark.parametrize('config', PRESETS.values(), ids=PRESETS)
def test_json_round_trip(config):
    assert ControllerConfig.from_json(config.to_json()) == config


def test_json_with_an_unknown_field():
    with pytest.raises(InputError, match='size'):
        ControllerConfig.from_json({**PAPER.to_json(), 'size': 3})


@pytest.mark.parametrize(
    ('field', 'value', 'words'),
    [
        ('head', 'softmax', 'linear, sigmoid'),
        ('trade_off', 1.5, 'between 0 and 1'),
        ('held_out', 1, 'below 1'),
        ('encoder_dropout', 1.0, 'below 1'),
        ('predictor_dropout', -0.1, 'below 1'),
        ('hidden', 0, 'above 0'),
        ('learning_rate', float('nan'), 'above 0'),
        ('weight_decay', -1.0, '0 or a number above'),
        ('predictor_hidden', (0,), '1 or more'),
        ('decoder_interval', 5, 'divisor of 32'),
        ('candidates', 0.5, '1 or a number above'),
    ],
)
def test_a_wrong_field_is_named_with_its_value(field, value, words):
    with pytest.raises(InputError, match=f'controller.{field}.*{words}'):
        dataclasses.replace(PAPER, **{field: value})


def test_fields_that_do_not_fit_each_other():
    with pytest.raises(InputError, match='sigmoid only reaches'):
        dataclasses.replace(PAPER, head='sigmoid')
    with pytest.raises(InputError, match='structure'):
        dataclasses.replace(PAPER, structure='graph')
