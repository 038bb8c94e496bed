"""Bytes from one real process to another."""

import zlib

import pytest

from tests.support.broadcast_worker import SIZES, content
from tests.support.distributed import run_two


@pytest.mark.slow
def test_bytes_of_every_size_arrive(tmp_path):
    expected = [[size, zlib.crc32(content(size))] for size in SIZES]
    for rows in run_two('tests.support.broadcast_worker', tmp_path):
        assert [row[:2] for row in rows] == expected
        # 12 MiB were 768 collectives of 16 KiB, each looked at again for every later one.
        assert rows[-1][2] < 10
