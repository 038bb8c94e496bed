"""Where the programs of this folder print: a terminal as wide as it is, a file wide enough for their tables."""

from rich.console import Console

WIDTH = 180  # characters of a line in a file


def make_console() -> Console:
    """Returns a console that breaks no line of text."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=WIDTH)
