"""Corpus: a text in three splits as token ids, with its vocabulary."""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.tasks.sources.text_files import EOS

UNK = '<unk>'


@dataclasses.dataclass(frozen=True, eq=False)
class Corpus:
    """A text as token ids.

    Args:
        source: where it comes from, in a word or two.
        vocabulary: the words, commonest first; `<unk>` and `<eos>` are among them.
        splits: int32 [n] by name: train, valid, test.
    """

    source: str
    vocabulary: tuple[str, ...]
    splits: Mapping[str, np.ndarray]

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ when the text or its splits do, wherever the files lie."""
        digest = hashlib.sha256(json.dumps([self.source, self.vocabulary]).encode())
        for name, ids in self.splits.items():
            digest.update(f'{name} {len(ids)}'.encode())
            digest.update(ids.astype('<i4').tobytes())
        return digest.hexdigest()[:16]

    @property
    def eos(self) -> int:
        """Id of `<eos>`."""
        return self.vocabulary.index(EOS)


def encode(words: Sequence[str], vocabulary: Sequence[str]) -> np.ndarray:
    """Returns the ids int32 [n] of words, that of `<unk>` for those that are not in the vocabulary.

    Args:
        words: with `<eos>` at the end of every line.
        vocabulary: with `<unk>` in it.
    """
    ids = {word: index for index, word in enumerate(vocabulary)}
    unknown = ids[UNK]
    return np.fromiter((ids.get(word, unknown) for word in words), np.int32, count=len(words))


def make_corpus(
    source: str, words: Mapping[str, Sequence[str]], *, min_count: int = 1, limit: int = 50_000, train_tokens: int = 0
) -> Corpus:
    """Returns a corpus with the vocabulary of its training split.

    Args:
        source: for errors and for the fingerprint.
        words: of train, valid and test, with `<eos>` at the end of every line.
        min_count: rarer words of train are `<unk>`, as are words that are in valid and test only.
        limit: the largest vocabulary.
        train_tokens: how many tokens at the beginning of train the split keeps, 0 for all; the vocabulary is
            that of all of it.

    Raises:
        InputError: if the vocabulary is too large, or train has fewer tokens than are asked for.
    """
    counts = collections.Counter(words['train'])
    kept = {word: count for word, count in counts.items() if count >= min_count or word in (EOS, UNK)}
    kept.setdefault(UNK, sum(counts.values()) - sum(kept.values()))
    if len(kept) > limit:
        raise InputError(
            f'{source}: train has {len(kept):,} different words, and task.vocabulary_limit is {limit:,}; raise it, or '
            'raise task.min_count, which makes rare words <unk>'
        )
    if train_tokens > len(words['train']):
        raise InputError(
            f'task.train_tokens is {train_tokens:,}, but train of {source} has {len(words["train"]):,} tokens'
        )
    vocabulary = tuple(sorted(kept, key=lambda word: (-kept[word], word)))
    ids = {name: encode(split, vocabulary) for name, split in words.items()}
    if train_tokens:
        ids['train'] = ids['train'][:train_tokens]
    return Corpus(source, vocabulary, ids)
