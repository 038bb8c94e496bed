"""What a report reads from the work directory of a real search."""

from nao_tf.networks.cost import count_parameters
from nao_tf.reports.series import sizes
from nao_tf.reports.source import open_source
from nao_tf.spaces.reading import cells_of


def test_sizes_of_real_children(finished):
    source = open_source(finished[0])
    assert source.network is not None
    for trial in source.finished:
        cells = cells_of(trial.proposal.architecture, source.space)
        assert count_parameters(cells, source.network) == trial.evaluation.parameters
    found = sizes(source.finished, source.space, source.network)
    assert set(found.costs) == {'parameters', 'multiply-adds'}
    assert len(found.costs['multiply-adds']) == len(source.finished)
