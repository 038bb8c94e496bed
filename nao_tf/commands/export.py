"""`nao export`: the winner as a model file, as code, or as text."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import no_more
from nao_tf.errors import InputError

FORMATS = ['keras', 'saved_model', 'tflite', 'python', 'json', 'text', 'genotype', 'dot']


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao export`."""
    del arguments
    flags.DEFINE_string('workdir', None, 'directory of a search or of a training', flag_values=values)
    flags.DEFINE_string(
        'architecture', '', 'a name (NAONet_A), tokens, or a file, for json, text, genotype and dot', flag_values=values
    )
    flags.DEFINE_enum('format', None, FORMATS, 'of the export (docs/train.md)', flag_values=values)
    flags.DEFINE_string(
        'output', None, 'file to write, or folder (saved_model); text is printed without it', flag_values=values
    )
    flags.DEFINE_bool('quantize', False, 'tflite: weights of 8 bits', flag_values=values)
    flags.DEFINE_bool('overwrite', False, 'replace what is at --output', flag_values=values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Write the winner as a model for other programs, as code, or as text."""
    no_more(rest)
    if values.format is None:
        raise InputError(f'nao export needs --format, one of {", ".join(FORMATS)}')
    from nao_tf.export.export import Export, export
    from nao_tf.files import as_path

    wanted = Export(
        values.format,
        workdir=None if values.workdir is None else as_path(values.workdir),
        architecture=values.architecture,
        output=None if values.output is None else as_path(values.output),
        quantize=values.quantize,
        overwrite=values.overwrite,
    )
    try:
        lines = export(wanted)
    except OSError as error:
        raise InputError(f'cannot write {error.filename or wanted.output}: {error.strerror or error}') from None
    print('\n'.join(lines))
