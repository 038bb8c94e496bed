"""The importer of NATS-Bench: on the package's own reader where it is installed, and on a stand-in of it.

The official files are not available to the tests. The reader is made of a few architectures whose results the tests
make up; the stand-in has the methods of the package (nats_bench 1.8) that the importer calls, and answers as they do.
"""

import builtins
import copy
import subprocess
import sys
import types

import numpy as np
import pytest

from nao_tf.benchmarks.import_nats_bench import ACCURACIES, import_table, open_benchmark
from nao_tf.errors import InputError
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench201')
CELLS = [SPACE.parse(text) for text in ('4 4 3 2 1 5', '1 1 1 4 1 1', '2 1 1 4 1 1')]
SETS = {
    'cifar10-valid': ('x-valid', 'ori-test'),
    'cifar10': ('ori-test',),
    'cifar100': ('x-valid', 'x-test', 'ori-test'),
    'ImageNet16-120': ('x-valid', 'x-test', 'ori-test'),
}
SEEDS = {0: (777, 888, 999), 1: (777,), 2: (777, 888)}  # of each row


def accuracy(row, data, metric, epoch, seed):
    """A figure that no other place has."""
    sets = [(name, each) for name, metrics in SETS.items() for each in metrics]
    return 10 * row + sets.index((data, metric)) + epoch / 1000 + seed * 1e-6


class StandInResults:
    def __init__(self, row, epochs):
        self.row, self.epochs = row, epochs

    def get_dataset_seeds(self, dataset):
        if dataset not in SETS:
            raise KeyError(dataset)
        return list(SEEDS[self.row])

    def get_metrics(self, dataset, setname, iepoch=None, is_random=False):
        assert iepoch is None
        if setname not in SETS[dataset]:
            raise KeyError(setname)
        if is_random not in SEEDS[self.row]:
            raise ValueError(f'can not find random seed ({is_random})')
        return {'accuracy': accuracy(self.row, dataset, setname, self.epochs - 1, is_random)}

    def get_compute_costs(self, dataset):
        times = {f'T-{metric}@epoch': 2.0 for metric in SETS[dataset]}
        return {'flops': 15.5, 'params': 0.5, 'latency': None, 'T-train@total': 3.0 * self.epochs, **times}


class StandIn:
    fast_mode = False

    def __init__(self):
        self.meta_archs = [SPACE.to_text(cell) for cell in CELLS]

    def __len__(self):
        return len(self.meta_archs)

    def arch(self, index):
        return copy.deepcopy(self.meta_archs[index])

    def query_meta_info_by_index(self, arch_index, hp='12'):
        if hp not in ('12', '200'):
            raise ValueError(hp)
        return StandInResults(arch_index, int(hp))


def real_results(api, row, epochs):
    """Results of one architecture as the package's own classes."""
    results = api.ArchResults(row, SPACE.to_text(CELLS[row]))
    steps = range(epochs)
    for data, metrics in SETS.items():
        for seed in SEEDS[row]:
            constant = dict.fromkeys(steps, 1.0)
            trial = api.ResultsCount(data, None, constant, constant, 0.5, 15.5, {}, seed, epochs, None)
            trial.reset_pseudo_train_times(3.0)
            for metric in metrics:
                values = {f'{metric}@{epoch}': accuracy(row, data, metric, epoch, seed) for epoch in steps}
                trial.update_eval(values, values, dict.fromkeys(values, 2.0))
            results.update(data, seed, trial)
    return results.state_dict()


def real():
    """The package's reader of a benchmark that lies in memory."""
    api = pytest.importorskip('nats_bench', reason='the package nats_bench is not installed')
    content = {
        'meta_archs': [SPACE.to_text(cell) for cell in CELLS],
        'arch2infos': {row: {str(n): real_results(api, row, n) for n in (12, 200)} for row in range(len(CELLS))},
        'evaluated_indexes': list(range(len(CELLS))),
    }
    return api.create(content, 'tss', fast_mode=False, verbose=False)


@pytest.mark.parametrize('make', [StandIn, real], ids=['stand-in', 'nats_bench'])
def test_imported(make):
    rows = []
    table = import_table(make(), progress=rows.append)
    assert rows == [0, 1, 2]
    assert [table.architecture(row) for row in rows] == CELLS
    assert {f'{name}{epochs}' for name in ACCURACIES for epochs in (12, 200)} <= set(table.columns)
    for name, (data, metric) in ACCURACIES.items():
        for epochs in (12, 200):
            expected = np.full((3, 3), np.nan)
            for row, seeds in SEEDS.items():
                expected[row, : len(seeds)] = [accuracy(row, data, metric, epochs - 1, seed) for seed in seeds]
            np.testing.assert_array_equal(table.seeds(f'{name}{epochs}'), expected)
            np.testing.assert_allclose(table.column(f'{name}{epochs}'), np.nanmean(expected, 1), rtol=1e-14)
    assert table.column('c10v_train_sec200').tolist() == [600.0] * 3
    assert table.column('c100_eval_sec').tolist() == [2.0] * 3
    assert table.column('params_M_in16').tolist() == [0.5] * 3
    # Row 1 and 2 are one class: the lower row stands for it.
    assert len(table.classes) == 2
    assert table.lookup(CELLS[2]) == 1


def test_written_and_read_back(tmp_path):
    table = import_table(StandIn())
    table.save(tmp_path / 'table.npz')
    assert type(table).open(tmp_path / 'table.npz').checksum == table.checksum


def test_results_that_are_missing():
    benchmark = StandIn()
    query = benchmark.query_meta_info_by_index

    def only_long(row, hp):
        if hp == '12' and row > 0:
            raise ValueError('only has hyper-parameters of 200')
        return query(row, hp)

    benchmark.query_meta_info_by_index = only_long
    table = import_table(benchmark)
    assert np.isnan(table.column('c10v_valid12')).tolist() == [False, True, True]
    assert not np.isnan(table.column('c10v_valid200')).any()

    def nothing(row, hp):
        raise AssertionError('invalid data path')

    benchmark.query_meta_info_by_index = nothing
    with pytest.raises(InputError, match='architecture 0 has no results'):
        import_table(benchmark)


def test_without_the_package(monkeypatch, tmp_path):
    original = builtins.__import__

    def refuse(name, *arguments, **named):
        if name == 'nats_bench':
            raise ModuleNotFoundError(name)
        return original(name, *arguments, **named)

    monkeypatch.setattr(builtins, '__import__', refuse)
    with pytest.raises(InputError, match='pip install nats_bench'):
        open_benchmark(tmp_path)


def test_files_that_are_not_the_benchmark(tmp_path):
    pytest.importorskip('nats_bench', reason='the package nats_bench is not installed')
    with pytest.raises(InputError, match='there are no NATS-Bench files'):
        open_benchmark(tmp_path / 'nowhere')
    with pytest.raises(InputError, match='is not what nats_bench reads'):
        open_benchmark(tmp_path, unpickle=True)
    (tmp_path / 'file.pickle.pbz2').write_bytes(b'text')
    with pytest.raises(InputError, match='is not what nats_bench reads'):
        open_benchmark(tmp_path / 'file.pickle.pbz2', unpickle=True)


def test_pickles_are_read_only_when_asked_for(tmp_path, monkeypatch):
    def create(*arguments, **named):
        raise AssertionError('it was read')

    monkeypatch.setitem(sys.modules, 'nats_bench', types.SimpleNamespace(create=create))
    with pytest.raises(InputError, match=r'are pickles, which run whatever their author wrote .* --unpickle'):
        open_benchmark(tmp_path)


def test_the_program_says_what_is_wrong_in_one_line(tmp_path):
    command = [
        sys.executable, 'tools/import_nats_bench.py', f'--source={tmp_path}/none', f'--output={tmp_path}/table.npz',
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'nats_bench' in done.stderr.splitlines()[-1] or 'NATS-Bench' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
