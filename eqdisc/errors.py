"""Exceptions a caller may want to tell apart."""


class EqdiscError(Exception):
    """Base of every error that eqdisc raises on purpose."""


class InputError(EqdiscError, ValueError):
    """What came from the user cannot be used; the message says what came, what was wanted and what to do.

    The command line turns it into exit code 2 and prints the message without a traceback.
    """


class ParseError(InputError):
    """A text is no expression of the language."""


class TooDeep(ParseError):  # noqa: N818  (a kind of ParseError that the judge answers by "undecided")
    """A formula is nested deeper than can be read."""


class DataError(InputError):
    """A table or an array cannot be used as data."""


class WeightsError(DataError):
    """Weights of a pretrained network, or what was made with them, are missing or cannot be used."""


class OptionError(InputError):
    """A setting has an impossible value."""


class NoSurfaceError(DataError):
    """Points lie on no surface that could be told; the message says why."""
