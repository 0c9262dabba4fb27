"""What is exported: a law, how its columns are called, and what the reader is told about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from eqdisc.expr.expression import Expression
from eqdisc.expr.format import feature_name, format_expression


@dataclass(frozen=True, slots=True)
class Subject:
    """A law to be written.

    `names` are the columns in the order in which the expression numbers them, `feature_units` their units
    (None or missing: unknown), `function` is what the law is called in code, `provenance` any text that says
    where it comes from.
    """

    expression: Expression
    names: tuple[str, ...]
    target_name: str = "y"
    function: str = "law"
    provenance: str = ""
    feature_units: tuple[str | None, ...] = ()
    target_unit: str | None = None

    @property
    def used(self) -> tuple[int, ...]:
        """The columns that the law reads."""
        return self.expression.features

    def legend(self, called: Sequence[str]) -> list[str]:
        """A line for the law, the target and each column that is read, `called` being the columns in code."""
        units = dict(enumerate(self.feature_units))
        columns = [
            f"{called[j]}: column {_with_unit(feature_name(self.names, j), units.get(j))}" for j in self.used
        ]
        target = f"value: {_with_unit(self.target_name, self.target_unit)}"
        return [f"{printable(self.target_name)} = {self.formula()}", "", *columns, target]

    def formula(self, digits: int = 6) -> str:
        """The law for the eye, on one line."""
        return printable(format_expression(self.expression, self.names, digits))

    def origin(self) -> list[str]:
        """The lines of the provenance."""
        return [printable(line) for line in self.provenance.splitlines()]


def printable(text: str) -> str:
    """Text on one line, without letters that cannot be seen.

    >>> printable("peak\\nload")
    'peak load'
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)


def quoted(text: str) -> str:
    """Text as a string literal of Python."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _with_unit(name: str, unit: str | None) -> str:
    return printable(f"{name} [{unit}]" if unit else name)
