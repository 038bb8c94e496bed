"""The notebook runs top to bottom in a process of its own; what is kept of its outputs reads well anywhere."""

import re

import keras
import nbformat
import pytest
from nbclient import NotebookClient

SMALL = """
budget = 3
search_size = {{
    'child.cells_per_stage': 1,
    'child.filters': 2,
    'child.epochs': 1,
    'searcher.controller.epochs': 3,
    'searcher.controller.least_steps': 0,
    'searcher.controller.hidden': 16,
    'searcher.controller.embedding': 8,
    'space.module': {module!r},
}}
final_size = {{'child.cells_per_stage': 1, 'child.filters': 2, 'child.epochs': 1}}
"""


@pytest.fixture
def notebook(request):
    return nbformat.read(request.config.rootpath / 'notebooks' / 'own_images.ipynb', as_version=4)


def printed(notebook):
    """Returns everything that its cells wrote."""
    outputs = [output for cell in notebook.cells if cell.cell_type == 'code' for output in cell.outputs]
    return ''.join(output.text for output in outputs if output.output_type == 'stream')


@pytest.mark.slow
def test_top_to_bottom(notebook, tmp_path, request):
    (sizes,) = [cell for cell in notebook.cells if 'parameters' in cell.metadata.get('tags', ())]
    sizes.source = SMALL.format(module=str(request.config.rootpath / 'tests' / 'support' / 'tiny_space.py'))
    place = {'metadata': {'path': str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name='python3', resources=place).execute()
    text = printed(notebook)
    assert 'trial 3 of 3' in text
    assert '\x1b' not in text  # no line that is updated, no colours
    assert 'Final training' in text
    assert re.search(r'\d+ of 60 are right', text)
    assert text.endswith('the same probabilities\n')
    pictures = [output for cell in notebook.cells for output in cell.get('outputs', ()) if 'image/png' in str(output)]
    assert len(pictures) == 4
    model = keras.models.load_model(tmp_path / 'runs' / 'own_images' / 'winner.keras')
    assert model.input_shape == (None, 8, 8, 1)


def test_kept_outputs(notebook):
    codes = [cell for cell in notebook.cells if cell.cell_type == 'code']
    assert [cell.execution_count for cell in codes] == list(range(1, len(codes) + 1))
    text = printed(notebook)
    assert 'trial 20 of 20' in text
    assert not re.search(r'/(home|root|tmp|work|usr)/|Traceback|[Ww]arning', text)
    assert all(output.output_type != 'error' for cell in codes for output in cell.outputs)
