"""`nao predict`: what a saved model sees."""

from __future__ import annotations

from absl import flags

from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao predict`."""
    del arguments
    flags.DEFINE_string('model', None, 'a .keras file that a search or a training left', flag_values=values)
    flags.DEFINE_list('images', [], 'image files or folders, separated by commas; more may follow', flag_values=values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Name the class of images."""
    if values.model is None or not (values.images or rest):
        raise InputError('nao predict needs --model=FILE and --images=FILE,...')
    from nao_tf.evaluators.predict import predictions
    from nao_tf.files import as_path
    from nao_tf.search.workdir import CONFIG, read_json, space_module
    from nao_tf.spaces.registry import get_space

    model = as_path(values.model)
    if (config := model.parent / CONFIG).exists() and (module := space_module(model.parent, read_json(config))):
        get_space('', module=module)  # operations of the person's own
    for line in predictions(model, [as_path(image) for image in [*values.images, *rest]]):
        print(line)
