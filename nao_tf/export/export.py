"""`nao export`: what a search or a training found, in the form that another program takes."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.evaluators.predict import load_classifier
from nao_tf.export.plain_model import plain_model
from nao_tf.export.plain_source import plain_source
from nao_tf.export.serving import write_saved_model, write_tflite
from nao_tf.export.text_forms import to_dot, to_json, to_text
from nao_tf.files import write_text, written_whole
from nao_tf.final.winners import candidates, check_ended
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.plain_weights import describe_plain
from nao_tf.search.journal import Journal
from nao_tf.search.workdir import CONFIG, JOURNAL, MODEL, read_json, space_module
from nao_tf.spaces.cells import CellPair, RecurrentCell
from nao_tf.spaces.genotype import to_genotype
from nao_tf.spaces.registry import get_space

TEXT_FORMATS: dict[str, Callable[[CellPair | RecurrentCell], str]] = {
    'json': to_json,
    'text': to_text,
    'genotype': to_genotype,
    'dot': to_dot,
}
MODEL_FORMATS = {'keras': '.keras', 'saved_model': '', 'tflite': '.tflite', 'python': '.py'}  # and their suffixes


@dataclasses.dataclass(frozen=True)
class Export:
    """What to export, and where to.

    Args:
        format: of `TEXT_FORMATS` or `MODEL_FORMATS`.
        workdir: of a search or a training; None with `architecture`.
        architecture: a name, tokens or a file, for the formats of text; '' with `workdir`.
        output: file or folder to write; None for the standard output, for the formats of text.
        quantize: whether a `tflite` file keeps weights in 8 bits.
        overwrite: whether what is at `output` may be replaced.

    Raises:
        InputError: if they do not fit each other, or `output` is taken.
    """

    format: str
    workdir: Path | None = None
    architecture: str = ''
    output: Path | None = None
    quantize: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if (self.workdir is None) == (not self.architecture):
            raise InputError('give either --workdir=DIR, of a search or a training, or --architecture=NAME')
        if self.quantize and self.format != 'tflite':
            raise InputError(f'--quantize is for --format=tflite, not {self.format}')
        if self.format in MODEL_FORMATS:
            if self.workdir is None:
                raise InputError(
                    f'--format={self.format} needs trained weights: give --workdir=DIR; an architecture alone can be '
                    f'exported as {", ".join(TEXT_FORMATS)}'
                )
            self._check_output(MODEL_FORMATS[self.format])
        self._check_free()

    def _check_output(self, suffix: str) -> None:
        if self.output is None:
            example = f'model{suffix}'
            raise InputError(f'--format={self.format} needs --output, such as --output={example}')
        if suffix and self.output.suffix != suffix:
            raise InputError(f'--output={self.output}: for --format={self.format} its name must end in {suffix}')
        if self.format == 'python' and not self.output.stem.isidentifier():
            raise InputError(f'--output={self.output}: a module is named by letters, digits and _, to be imported')

    @property
    def weights(self) -> Path:
        """The file of weights beside a Python file."""
        assert self.output is not None
        return self.output.with_suffix('.weights.h5')

    def _check_free(self) -> None:
        if self.output is None:
            return
        files = [self.output, self.weights] if self.format == 'python' else [self.output]
        for file in files:
            if not file.exists():
                continue
            ours = (file / 'saved_model.pb').exists() if self.format == 'saved_model' else not file.is_dir()
            if not ours:
                raise InputError(f'--output={self.output}: {file} is there and is no {self.format}; give another name')
            if not self.overwrite:
                raise InputError(f'{file} is there already; --overwrite replaces it, or give another --output')


def export(wanted: Export) -> list[str]:
    """Exports, and returns what a person should know: the text itself, or a line about what was written.

    Args:
        wanted: checked.

    Raises:
        InputError: if there is nothing to export, or the format cannot take it.
        OSError: if it cannot be written.
    """
    if wanted.format in TEXT_FORMATS:
        source = wanted.architecture or str(wanted.workdir)
        if wanted.workdir is not None and not wanted.workdir.is_dir():
            raise InputError(f'there is no work directory {wanted.workdir}')
        chosen = candidates(source)[0]
        if chosen.doubt:
            print(f'warning: {source}: {chosen.doubt}; a better architecture may be among them', file=sys.stderr)
        text = TEXT_FORMATS[wanted.format](chosen.cells)
        if wanted.output is None:
            return [text]
        write_text(wanted.output, f'{text}\n')
        return [f'{wanted.output}']
    assert wanted.workdir is not None
    assert wanted.output is not None
    classifier = load_for_export(wanted.workdir)
    notes: list[str] = []
    if wanted.format == 'saved_model':
        write_saved_model(classifier, wanted.output)
    elif wanted.format == 'tflite':
        difference = write_tflite(classifier, wanted.output, quantize=wanted.quantize)
        notes = [f'on random images its probabilities differ from those before by at most {difference:.2g}']
    else:
        _write_plain(classifier, wanted)
    shape = ', '.join(map(str, classifier.network.config.image_shape))
    names = classifier.class_names
    shown = ', '.join(names[:20]) + (f', ... ({len(names)} in all)' if len(names) > 20 else '')
    return [
        f'{wanted.output}: raw images [batch, {shape}], float32, {classifier.pixels}, to the probabilities of {shown}',
        *notes,
    ]


def load_for_export(workdir: Path) -> ImageClassifier:
    """Returns the classifier of a work directory in float32 without its auxiliary head, which serves training only.

    Args:
        workdir: of a search or a training that has ended.

    Raises:
        InputError: if there is no model, or it is of a text.
    """
    path = workdir / MODEL
    if not path.exists():
        if not (workdir / CONFIG).exists():
            raise InputError(f'{workdir} is no work directory: there is no {CONFIG} in it')
        ended = 'its search has ended' if Journal(workdir / JOURNAL).exists() else 'its training has ended'
        raise InputError(f'{workdir} has no {MODEL} yet; it is there when {ended} (the same command continues)')
    config = read_json(workdir / CONFIG) if (workdir / CONFIG).exists() else {}
    if 'child.hidden' in config:
        raise InputError(
            f'{path} is a language model, which has no form of plain Keras layers, of SavedModel or of LiteRT; '
            f'keras.models.load_model opens it after `import nao_tf`, and {", ".join(TEXT_FORMATS)} export its cell'
        )
    check_ended(workdir)
    if module := space_module(workdir, config):
        get_space('', module=module)
    trained = load_classifier(path)
    network = CellNetwork(
        trained.network.cells,
        dataclasses.replace(trained.network.config, auxiliary=False),
        seed=trained.network.seed,
        dtype='float32',
    )
    values = trained.network.places()
    for place, variable in network.places().items():
        variable.assign(values[place])
    return ImageClassifier(network, trained.mean, trained.std, trained.class_names, white=trained.white)


def _write_plain(classifier: ImageClassifier, wanted: Export) -> None:
    """Writes plain Keras layers: a `.keras` file, or a Python file and its weights."""
    assert wanted.output is not None
    source = plain_source(classifier, wanted.output.stem)
    model = plain_model(classifier, source, wanted.output)
    if wanted.format == 'keras':
        with written_whole(wanted.output) as partial:
            model.save(partial)
            describe_plain(classifier, partial)
        return
    with written_whole(wanted.weights) as partial:
        model.save_weights(partial)
    write_text(wanted.output, source)
