"""The error that a person can mend: it becomes one line on the terminal and exit code 2."""


class InputError(ValueError):
    """Bad input: a config, data set, architecture, table or directory that is wrong.

    The message is one line and says what was wrong, the value that was given, what would be right,
    and where it came from. The command line prints it without a traceback and exits with code 2.
    """
