"""Texts: reading, vocabulary, contiguous batches, and everything that can be wrong with them."""

import gzip
import math

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.tasks.corpus import make_corpus
from nao_tf.tasks.make import as_task, is_text, make_task
from nao_tf.tasks.sources.pydoc import load_pydoc, tokens
from nao_tf.tasks.sources.text_files import read_words
from nao_tf.tasks.streams import Streams, draw_lengths, static_lengths

WORDS = {
    'train': ['a', 'b', 'a', '<eos>', 'c', 'a', 'b', '<eos>'],
    'valid': ['a', 'd', '<eos>'],
    'test': ['b', '<eos>'],
}


@pytest.fixture
def corpus_files(tmp_path):
    """Returns a function that writes the three files of a corpus."""

    def write(pattern='ptb.{}.txt', **texts):
        for split in ('train', 'valid', 'test'):
            text = texts.get(split, b' the cat sat \n on the mat \n')
            file = tmp_path / pattern.format(split)
            file.write_bytes(gzip.compress(text) if file.suffix == '.gz' else text)
        return tmp_path

    return write


def task_of(folder, name='ptb', **fields):
    return make_task({'name': name, 'data_dir': str(folder), **fields})


@pytest.mark.parametrize('pattern', ['ptb.{}.txt', 'ptb.{}.txt.gz', 'wiki.{}.tokens', 'wiki.{}.tokens.gz'])
def test_published_files_are_found(corpus_files, pattern):
    folder = corpus_files(pattern)
    assert is_text(folder)
    task = as_task(folder)
    assert task.name == ('ptb' if 'ptb' in pattern else 'wikitext')
    assert dict(task.splits) == {'train': 8, 'valid': 8, 'test': 8}
    assert set(task.vocabulary) == {'the', 'cat', 'sat', 'on', 'mat', '<eos>', '<unk>'}
    assert '8 training, 8 validation, 8 test tokens, 7 words' in task.describe()


def test_any_three_files(corpus_files):
    folder = corpus_files('own_{}')
    files = {split: f'own_{split}' for split in ('train', 'valid', 'test')}
    one = task_of(folder, 'text', **files)
    two = make_task({'name': 'text', **{split: str(folder / file) for split, file in files.items()}})
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != task_of(corpus_files(train=b'a cat\n')).fingerprint


def test_blank_lines_and_the_last_line_break(tmp_path):
    file = tmp_path / 'text'
    file.write_bytes(b'a b\n\n c')
    assert read_words(file) == ['a', 'b', '<eos>', '<eos>', 'c', '<eos>']
    file.write_bytes(b'a b\n\n c\n')
    assert read_words(file) == ['a', 'b', '<eos>', '<eos>', 'c', '<eos>']


def test_vocabulary_is_of_train_commonest_first():
    corpus = make_corpus('x', WORDS)
    assert corpus.vocabulary == ('a', '<eos>', 'b', 'c', '<unk>')
    assert corpus.splits['valid'].tolist() == [0, 4, 1]
    assert corpus.eos == 1
    rare = make_corpus('x', WORDS, min_count=2)
    assert rare.vocabulary == ('a', '<eos>', 'b', '<unk>')
    assert rare.splits['train'].tolist() == [0, 2, 0, 1, 3, 0, 2, 1]
    prefix = make_corpus('x', WORDS, train_tokens=3)
    assert prefix.vocabulary == corpus.vocabulary
    assert prefix.splits['train'].tolist() == [0, 2, 0]


def test_streams_show_every_token_once_in_order():
    ids = np.arange(1, 12, dtype=np.int32)
    streams = Streams(ids, 3, eos=0)
    segments = list(streams.segments([3, 3]))
    assert [segment.inputs.shape for segment in segments] == [(3, 3), (3, 3)]
    targets, inputs, weights = (
        np.concatenate([getattr(segment, name) for segment in segments]) for name in ('targets', 'inputs', 'weights')
    )
    kept = [targets[:, stream][weights[:, stream] > 0].tolist() for stream in range(3)]
    assert kept == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11]]
    # A word is predicted from the one before it, over the borders of segments and of streams.
    for stream in range(3):
        read = inputs[:, stream][weights[:, stream] > 0].tolist()
        assert read == [target - 1 for target in kept[stream]]


def test_random_lengths_are_few_and_around_the_wanted_one():
    lengths = draw_lengths(100_000, 35, random=True, rng=np.random.default_rng(0))
    assert set(lengths) == set(static_lengths(35, random=True)) == {17, 30, 35, 40}
    assert np.mean(lengths) == pytest.approx(0.95 * 35 + 0.05 * 17, abs=0.5)
    assert np.mean(np.array(lengths) == 17) == pytest.approx(0.05, abs=0.02)
    assert sum(lengths[:-1]) < 100_000 <= sum(lengths)
    assert draw_lengths(100, 35, random=False, rng=np.random.default_rng(0)) == [35, 35, 35]


def test_epochs_repeat_exactly_and_differ():
    task = as_task('pydoc')

    def lengths(seed, epoch):
        segments = task.train_segments(32, 20, random_length=True, seed=seed, epoch=epoch)
        return [len(segment.inputs) for segment in segments]

    assert lengths(0, 0) == lengths(0, 0)
    assert lengths(0, 0) != lengths(0, 1)
    assert lengths(0, 0) != lengths(1, 0)


def test_evaluation_counts_every_token():
    task = as_task('pydoc')
    total = sum(float(segment.weights.sum()) for segment in task.eval_segments('valid', 10, 35))
    assert total == task.splits['valid']


def test_score_is_monotone_in_perplexity():
    task = as_task('pydoc')
    assert task.metric_of(task.score(math.log(100))) == pytest.approx(100)
    assert task.score(math.log(100)) > task.score(math.log(101))
    assert task.score(math.log(len(task.vocabulary))) == pytest.approx(0)
    assert task.score(0.0) == 1


def test_embedded_text():
    splits = load_pydoc()
    assert len(splits['train']) > 50_000
    paragraphs = {name: set(' '.join(words).split(' <eos> ')) for name, words in splits.items()}
    assert not paragraphs['train'] & paragraphs['valid']
    assert not paragraphs['train'] & paragraphs['test']
    assert load_pydoc() == splits
    assert tokens('if x >= 0x10: Return __doc__ +----+') == (
        *('if', 'x', '>', '=', 'N', 'x', 'N', ':', 'return', '__', 'doc', '__', '+', '---', '+'),
    )


def test_published_counts(real_data):
    task = task_of(real_data / 'text')
    assert dict(task.splits) == {'train': 929_589, 'valid': 73_760, 'test': 82_430}
    assert len(task.vocabulary) == 10_000
    wiki = {split: f'wikitext2_small.{split}.txt' for split in ('train', 'valid', 'test')}
    assert dict(task_of(real_data / 'text', 'text', **wiki).splits) == {
        'train': 150_180, 'valid': 21_945, 'test': 20_142,
    }  # fmt: skip


@pytest.mark.parametrize(
    ('texts', 'fields', 'message'),
    [
        ({'valid': b''}, {}, r'ptb.valid.txt: is empty'),
        ({'test': b'\n \n'}, {}, r'ptb.test.txt: is empty'),
        ({'train': b'good line\nbad \xe9 line\n'}, {}, r'ptb.train.txt: line 2, byte 5 of it: 0xe9 is not UTF-8'),
        ({}, {'vocabulary_limit': 4}, r'ptb: train has 7 different words, and task.vocabulary_limit is 4'),
        ({}, {'train_tokens': 9}, r'task.train_tokens is 9, but train of ptb has 8 tokens'),
        ({}, {'min_count': 0}, r'task.min_count is 0; it is a whole number, 1 or more'),
        ({}, {'image_size': 8}, r"task.image_size does not exist for the text 'ptb'; the fields are name, data_dir"),
        ({}, {'data_dir': ''}, r"task.data_dir is ''; ptb needs the folder that holds ptb.\{train,valid,test\}.txt"),
        ({}, {'name': 'text'}, r"task.train is ''; task.name text needs the three files"),
    ],
)
def test_wrong_texts(corpus_files, texts, fields, message):
    with pytest.raises(InputError, match=message) as error:
        make_task({'name': 'ptb', 'data_dir': str(corpus_files(**texts)), **fields})
    assert '\n' not in str(error.value)


def test_missing_split(corpus_files):
    folder = corpus_files()
    (folder / 'ptb.valid.txt').unlink()
    with pytest.raises(InputError, match=r'ptb.valid.txt: there is no such file, and no ptb.valid.txt.gz'):
        task_of(folder)


def test_damaged_gzip(corpus_files):
    folder = corpus_files('ptb.{}.txt.gz')
    file = folder / 'ptb.train.txt.gz'
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(InputError, match=r'ptb.train.txt.gz: cannot be read'):
        task_of(folder)


def test_text_shorter_than_a_batch(corpus_files):
    task = task_of(corpus_files())
    task.check(2, 4)
    with pytest.raises(InputError, match=r'train has 8 tokens, fewer than one batch of 2 sequences of 5 \(10\)'):
        task.check(2, 5)
