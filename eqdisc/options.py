"""Settings as callers give them, checked and made plain."""

from collections.abc import Iterable, Sequence

import numpy as np

from eqdisc.errors import OptionError
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import DEFAULT_OPERATORS, Macro, OperatorSet


def whole(what: str, value: object, least: int) -> int:
    """The value as a whole number. OptionError for anything else, and for one below `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise OptionError(f"{what} is {value!r}; wanted a whole number, {least} or more")
    return int(value)


def truth(what: str, value: object) -> bool:
    """The value as True or False. OptionError for anything else."""
    if not isinstance(value, (bool, np.bool_)):
        raise OptionError(f"{what} is {value!r}; wanted True or False")
    return bool(value)


def texts(what: str, value: object) -> tuple[str, ...]:
    """One text or several as a tuple. OptionError for anything else."""
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, Sequence) or not all(isinstance(text, str) for text in given):
        raise OptionError(f"{what} is {value!r}; wanted a list of texts")
    return tuple(given)


def operator_set(
    operators: str | Sequence[str] | OperatorSet | None, macros: Sequence[str | Macro]
) -> OperatorSet:
    """The operators laws may be made of; the default ones for None. OptionError for unknown words."""
    if isinstance(operators, OperatorSet):
        return operators.with_macros(macros)
    words = DEFAULT_OPERATORS if operators is None else operators
    if not isinstance(words, str):
        words = " ".join(_checked_words(words))
    return OperatorSet.parse(words).with_macros(macros)


def _checked_words(operators: object) -> list[str]:
    words = list(operators) if isinstance(operators, Iterable) else []
    if not words or not all(isinstance(word, str) for word in words):
        raise OptionError(
            f'the operators are {operators!r}; wanted text such as "+ - * / sqrt" or a list of names'
        )
    return words


def macro_text(macro: Macro) -> str:
    """An operator of the user's own as it was written."""
    return f"{macro.name}({', '.join(macro.parameters)})={format_expression(macro.body, macro.parameters)}"
