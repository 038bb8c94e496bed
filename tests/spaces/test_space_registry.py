"""Spaces by name, and from a person's own file."""

from pathlib import Path

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.networks.operations import operation_names
from nao_tf.spaces.registry import BUILT_IN, get_space

EXAMPLE = Path(__file__).parent / 'data' / 'my_space.py'
SPACE_LINE = "from nao_tf.spaces.conv_cell import ConvCellSpace\nspace = lambda: ConvCellSpace('fn', ('identity',))\n"


@pytest.mark.parametrize('name', BUILT_IN)
def test_built_in(name):
    assert get_space(name).name == name
    assert get_space(name) is get_space(name)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(InputError) as error:
        get_space('nao_cn')
    assert "'nao_cn'" in str(error.value)
    assert all(name in str(error.value) for name in BUILT_IN)


def test_own_space_with_own_operation():
    space = get_space('my_cells', module=str(EXAMPLE))
    assert space is get_space('', str(EXAMPLE))
    assert 'blur' in operation_names()
    architecture = space.sample(np.random.default_rng(0))
    assert space.parse(space.to_text(architecture)) == architecture
    assert 'blur(' in ''.join(space.describe(space.sample(np.random.default_rng(seed))) for seed in range(5))


def test_own_space_from_a_function_is_made_once(tmp_path):
    path = tmp_path / 'with_function.py'
    path.write_text(SPACE_LINE)
    assert get_space('fn', str(path)) is get_space('fn', str(path))


def test_own_classes_can_be_defined_in_the_file(tmp_path):
    path = tmp_path / 'with_dataclass.py'
    path.write_text(
        'from __future__ import annotations\nimport dataclasses\nfrom nao_tf.spaces.conv_cell import ConvCellSpace\n'
        "@dataclasses.dataclass\nclass A:\n    x: int = 1\nSPACE = ConvCellSpace('d', ('identity',), nodes=A().x)\n"
    )
    assert get_space('d', str(path)).length == 12


def test_the_module_holds_another_space():
    with pytest.raises(InputError, match="holds the space 'my_cells', not 'nao_cnn'"):
        get_space('nao_cnn', str(EXAMPLE))


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'does not exist'),
        ('x = 1\n', 'holds no space: it should set SPACE'),
        ('SPACE = "nao_cnn"\n', "not 'nao_cnn'"),
        ('def space(\n', 'fails: SyntaxError'),
        ('import absent_package\n', "fails: ModuleNotFoundError: No module named 'absent_package'"),
        ('raise SystemExit(3)\n', 'line 1, fails: SystemExit: 3'),
        ('def space():\n    raise ValueError("two\\nlines")\n', 'line 2, fails: ValueError: two lines'),
        (SPACE_LINE.replace("'identity',", ''), 'fails: .*the operations are at least one'),
        (SPACE_LINE.replace("'fn'", "'nao_cnn'"), 'is a name of the package'),
    ],
)
def test_files_that_hold_no_space(tmp_path, content, message):
    path = tmp_path / 'wrong.py'
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        get_space('', str(path))
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_a_file_that_is_no_python_file(tmp_path):
    path = tmp_path / 'space.yaml'
    path.write_text('space: nao_cnn\n')
    with pytest.raises(InputError, match=r'should end in \.py'):
        get_space('', str(path))


def test_a_mended_file_is_read_again(tmp_path):
    path = tmp_path / 'mended.py'
    path.write_text('x = 1\n')
    with pytest.raises(InputError):
        get_space('fn', str(path))
    path.write_text(SPACE_LINE)
    assert get_space('fn', str(path)).name == 'fn'
