"""What is exported: a law of one value or several, how its columns are called, what the reader is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from eqdisc.expr.expression import Expression
from eqdisc.expr.format import feature_name, format_expression


@dataclass(frozen=True, slots=True)
class Subject:
    """A law to be written, an expression for each of its values.

    `names` are the columns in the order in which the expressions number them, `feature_units` their units
    (None or missing: unknown), `target_names` what the values are called, `function` what the law is called
    in code, `provenance` any text that says where it comes from.
    """

    expressions: tuple[Expression, ...]
    names: tuple[str, ...]
    target_names: tuple[str, ...] = ("y",)
    function: str = "law"
    provenance: str = ""
    feature_units: tuple[str | None, ...] = ()
    target_unit: str | None = None

    @property
    def used(self) -> tuple[int, ...]:
        """The columns that the law reads."""
        return tuple(sorted({j for expression in self.expressions for j in expression.features}))

    def legend(self, called: Sequence[str]) -> list[str]:
        """A line for the law, the target and each column that is read, `called` being the columns in code."""
        units = dict(enumerate(self.feature_units))
        columns = [
            f"{called[j]}: column {_with_unit(feature_name(self.names, j), units.get(j))}" for j in self.used
        ]
        several = len(self.target_names) > 1
        target = f"value{'s' * several}: {_with_unit(', '.join(self.target_names), self.target_unit)}"
        return [*self.formulas(), "", *columns, target]

    def formulas(self, digits: int = 6) -> list[str]:
        """The law for the eye, a line for each value."""
        return [
            printable(f"{name} = {format_expression(expression, self.names, digits)}")
            for name, expression in zip(self.target_names, self.expressions, strict=True)
        ]

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
