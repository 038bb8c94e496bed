"""NAS-Bench-201: the 6,466 classes, tables, features, ways of writing, and the order of the real table."""

import os
from pathlib import Path

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.nasbench201 import NASBench201Space
from nao_tf.spaces.nasbench201_cells import EDGES, OPERATIONS
from nao_tf.spaces.nasbench201_writing import EXAMPLE
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench201')
DATA = os.environ.get('NAO_TF_TEST_DATA')


def every_cell():
    return [Architecture(SPACE.name, tuple(tokens)) for tokens in SPACE.decode(np.arange(SPACE.size)).tolist()]


def cell(**edges):
    """A cell of `none` but for the edges given, such as e01='skip_connect'."""
    names = [edges.get(f'e{source}{target}', 'none') for source, target in EDGES]
    return SPACE.architecture([1 + OPERATIONS.index(name) for name in names])


def test_the_benchmarks_6466_classes():
    canonical = [SPACE.canonical(architecture) for architecture in every_cell()]
    assert len(set(canonical)) == 6466
    assert all(form <= architecture for form, architecture in zip(canonical, every_cell(), strict=True))
    assert all(SPACE.canonical(form) == form for form in set(canonical))
    # Sizes of the classes, smallest and largest: a golden figure of the same reduction.
    counts = np.sort(np.bincount(SPACE.classes))
    assert counts[0] == 1
    assert counts[-3:].tolist() == [275, 275, 275]
    assert counts.sum() == 15625


def test_what_the_reduction_joins_and_what_it_does_not():
    same = [
        (cell(e01='nor_conv_3x3', e13='skip_connect'), cell(e01='skip_connect', e13='nor_conv_3x3')),
        (cell(e03='nor_conv_3x3'), cell(e03='nor_conv_3x3', e13='avg_pool_3x3')),
    ]
    for one, other in same:
        assert SPACE.canonical(one) == SPACE.canonical(other)
    # Node 2 is a sum of two zeros, which the benchmark does not see as zero.
    assert SPACE.canonical(cell(e03='nor_conv_3x3')) != SPACE.canonical(cell(e03='nor_conv_3x3', e23='avg_pool_3x3'))
    assert SPACE.canonical(cell(e03='nor_conv_3x3')) != SPACE.canonical(cell(e03='nor_conv_1x1'))


def test_symmetries_are_the_rest_of_the_class():
    for code in (0, 77, 9000, 15624):
        architecture = Architecture(SPACE.name, tuple(SPACE.decode([code])[0].tolist()))
        others = list(SPACE.symmetries(architecture))
        assert len({architecture, *others}) == len(others) + 1 == np.sum(SPACE.classes == SPACE.classes[code])
        assert {SPACE.canonical(other) for other in others} <= {SPACE.canonical(architecture)}


def test_random_symmetry_is_uniform_within_the_class():
    architecture = cell(e01='nor_conv_3x3', e13='skip_connect', e02='nor_conv_1x1', e23='nor_conv_1x1')
    group = {architecture.tokens, *(other.tokens for other in SPACE.symmetries(architecture))}
    draws = SPACE.random_symmetry(np.array([architecture.tokens] * 4000), np.random.default_rng(0))
    seen, counts = np.unique(draws, axis=0, return_counts=True)
    assert set(map(tuple, seen.tolist())) == group
    expected = 4000 / len(group)
    assert len(group) > 1
    # Chi-square with len(group) - 1 degrees of freedom; three standard deviations above its mean.
    assert ((counts - expected) ** 2 / expected).sum() < len(group) - 1 + 3 * np.sqrt(2 * len(group))


def test_mutate_draws_uniformly_from_mutations():
    architecture = cell(e01='skip_connect', e23='avg_pool_3x3')
    mutations = list(SPACE.mutations(architecture))
    assert len(set(mutations)) == 24
    assert set(mutations) == set(super(NASBench201Space, SPACE).mutations(architecture))
    rng = np.random.default_rng(0)
    counts = [0] * 24
    for _ in range(2400):
        counts[mutations.index(SPACE.mutate(architecture, rng))] += 1
    assert min(counts) > 50  # 100 expected


def test_features():
    architecture = cell(e01='nor_conv_3x3', e13='skip_connect', e03='avg_pool_3x3', e02='nor_conv_1x1')
    row = SPACE.features([architecture])[0]
    assert row.shape == (75,)
    assert row.dtype == np.float32
    assert row[:30].reshape(6, 5).argmax(1).tolist() == [token - 1 for token in architecture.tokens]
    # Kinds from 0: conv 1x1, conv 3x3, pool. Columns: the empty path, 3 of one operation, 9 of two, 27 of three.
    # Paths: [pool] on 0->3, and [conv 3x3] on 0->1->3, whose second edge is an identity.
    assert np.flatnonzero(row[30:70]).tolist() == [1 + 1, 1 + 2]
    assert row[70:].tolist() == [2, 1, 1, 1, 1]
    assert SPACE.features([]).shape == (0, 75)


def test_features_count_paths():
    both = cell(e01='nor_conv_3x3', e13='skip_connect', e03='nor_conv_3x3')
    assert SPACE.features([both])[0, 30 + 1 + 1] == 2
    skips = cell(e03='skip_connect', e01='skip_connect', e13='skip_connect')
    assert SPACE.features([skips])[0, 30] == 2
    long = cell(e01='nor_conv_3x3', e12='avg_pool_3x3', e23='nor_conv_1x1')
    assert np.flatnonzero(SPACE.features([long])[0, 30:70]).tolist() == [1 + 3 + 9 + 1 + 2 * 3 + 0 * 9]


def test_the_encoders_tables():
    assert SPACE.step_nodes.tolist() == [0, 1, 1, 2, 2, 2]
    assert SPACE.read_nodes[:, 2].tolist() == [-1, -1, 0, -1, 0, 1]
    assert (SPACE.read_nodes[:, 1] == -1).all()


def test_text_form():
    text = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|'
    assert text == EXAMPLE
    architecture = SPACE.parse(text)
    assert architecture.tokens == (4, 1, 2, 5, 1, 3)
    assert SPACE.to_text(architecture) == text
    assert SPACE.parse(text.replace('+', ' + ')) == architecture
    assert SPACE.parse('nor_conv_3x3 none skip_connect avg_pool_3x3 none nor_conv_1x1') == architecture
    assert SPACE.describe(architecture).splitlines() == [
        'node_0 = input',
        'node_1 = nor_conv_3x3(node_0)',
        'node_2 = skip_connect(node_1)',
        'output = avg_pool_3x3(node_0) + nor_conv_1x1(node_2)',
    ]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('|none~0|+|none~0|none~1|', 'a cell is written like'),
        ('|none~0|+|none~0|none~1|+|none~0|none~1|', 'no edge 2->3'),
        ('|none~0|+|none~0|none~0|+|none~0|none~1|none~2|', '0->2 is given twice'),
        ('|none~1|+|none~0|none~1|+|none~0|none~1|none~2|', '1->1 is not an edge'),
        ('|none~0|+|none~0|none~1|+|none~0|none~1|conv~2|', "'conv' of edge 2->3"),
        ('|none~0|+|none~0 none~1|+|none~0|none~1|none~2|', 'a cell is written like'),
        ('1 1 1 1 1 6', 'outside 1..5'),
        ('0 1 1 1 1 1', 'edge 0->1'),
        ('none none', 'has 6 tokens, not 2'),
    ],
)
def test_bad_texts_name_the_place(text, message):
    with pytest.raises(InputError, match=message) as error:
        SPACE.parse(text)
    assert '\n' not in str(error.value)


@pytest.mark.skipif(not DATA, reason='NAO_TF_TEST_DATA is not set')
def test_every_cell_of_the_real_table_once():
    with np.load(Path(DATA) / 'nasbench201_cifar10.npz', allow_pickle=False) as table:
        tokens = table['ops'].astype(int) + 1
        test = table['c10_test200']
    codes = SPACE.codes(tokens)
    assert sorted(codes) == list(range(15625))
    # Members of a class were trained separately: what differs is noise, far below the spread of the table.
    groups = SPACE.classes[codes]
    means = np.bincount(groups, test) / np.bincount(groups)
    assert np.std(test - means[groups]) < 0.1 * np.std(test)
