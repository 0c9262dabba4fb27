"""What a terminal shows when a search is over."""

from collections.abc import Sequence, Set
from shlex import quote

from eqdisc.expr.operators import OperatorSet
from eqdisc.report.constants import constants_of, match_lines, nature_lines, unit_lines
from eqdisc.report.words import law_text, share, with_unit
from eqdisc.result import Law, Result

RIVALS_SHOWN = 3
MAX_SIZE = 60  # nodes, where nothing was said
LABEL = 9  # letters of the word that a line begins with, and blanks


def summary(result: Result) -> str:
    """The law, the front with the chosen law marked, why it was chosen, how sure it is, how to repeat it."""
    name = with_unit(result.target_name, result.target_unit)
    lines = [
        f"{name} = {law_text(*result.best.named)}",
        "",
        *front_table(result.front, result.best),
        "",
        *_constants(result.best),
        *labelled("units", unit_lines(result.best)),
        *labelled("where", nature_lines(result.best)),
        *labelled("match", match_lines(result.best)),
        f"chosen   {result.reason}",
        *rival_lines(result),
        *stability_lines(result),
        f"stopped  {result.stopped.value}",
        *([f"effort   {effort(result)}"] if "form" not in result.settings else []),
        f"repeat   {repeat_options(result)}",
        *(f"note     {note}" for note in result.notes),
        *(f"warning  {warning}" for warning in result.warnings),
    ]
    return "\n".join(lines)


def effort(result: Result) -> str:
    """How much was tried in how long."""
    rate = result.evaluations / result.seconds if result.seconds > 0.0 else 0.0
    return (
        f"{result.evaluations:,} candidates in {result.seconds:.1f} s ({rate:,.0f} per second), "
        f"{result.compile_seconds:.1f} s of compilation apart"
    )


def repeat_options(result: Result) -> str:
    """What to tell the command to get the same front again, or the same fit of a form."""
    told = result.settings
    if "form" in told:
        return f"--form {quote(str(told['form']))} --seed {result.seed}"
    words = [f"--seed {result.seed} --epochs {result.epochs}"]
    if told.get("max_size", MAX_SIZE) != MAX_SIZE:
        words.append(f"--max-size {told['max_size']}")
    operators = told.get("operators")
    if operators and OperatorSet.parse(operators) != OperatorSet.default():
        words.append(f"--operators {quote(operators)}")
    words += [f"--operator {quote(macro)}" for macro in told.get("macros", ())]
    words += [f"--guess {quote(guess)}" for guess in told.get("guesses", ())]
    words += [f"--block {quote(block)}" for block in told.get("blocks", ())]
    if told.get("template"):
        words.append(f"--template {quote(told['template'])}")
    if told.get("constants", "free") != "free":
        words.append(f"--constants {told['constants']}")
    for key in ("require", "forbid", "units", "physical_constants"):
        if told.get(key):
            words.append(f"--{key.replace('_', '-')} {quote(','.join(told[key]))}")
    return " ".join(words)


def front_table(laws: Sequence[Law], best: Law) -> list[str]:
    """Lines of an aligned table, simplest law first, `>` before the chosen one; no law is cut or wrapped.

    The numbers are those that `--equation` takes.
    """
    heldout = any(law.r2_heldout is not None for law in laws)
    rows = [("", "#", "nodes", "loss", "R2", *(("R2 held out",) if heldout else ()), "found by", "law")]
    for number, law in enumerate(laws, start=1):
        judged = (share(law.r2_heldout),) if heldout else ()
        figures = (str(number), str(law.complexity), f"{law.loss:.3g}", share(law.r2), *judged)
        rows.append((">" if law is best else "", *figures, law.found_by, law_text(*law.named)))
    return aligned(rows, left={0, len(rows[0]) - 2, len(rows[0]) - 1})


def aligned(rows: Sequence[Sequence[str]], left: Set[int]) -> list[str]:
    """Lines of a table whose columns are as wide as their widest cell, those of `left` flush left.

    >>> aligned([("law", "nodes"), ("x", "1")], left={0})
    ['law  nodes', 'x        1']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def rival_lines(result: Result) -> list[str]:
    """Which laws of the front the table cannot tell from the chosen one, by number, the likeliest first."""
    if not result.rivals:
        return []
    numbers = [str(result.front.index(law) + 1) for law in result.rivals]
    more = f" and {len(numbers) - RIVALS_SHOWN} more" if len(numbers) > RIVALS_SHOWN else ""
    return [f"rivals   {', '.join(numbers[:RIVALS_SHOWN])}{more}: the table cannot tell them from this law"]


def stability_lines(result: Result) -> list[str]:
    """How often the law came back when the rows were drawn again, and what came instead."""
    found = result.stability
    if found is None:
        return []
    lines = [f"stable   {found.returned} of {found.resamples} tables drawn again gave the same law"]
    return lines + [f"         {count} gave {law}" for law, count in found.others]


def _constants(law: Law) -> list[str]:
    rows = constants_of(law)
    width = max((len(row.name) for row in rows), default=0)
    return labelled(
        "constant",
        [f"{row.name:<{width}} = {row.shown()}{'' if row.unit is None else ' ' + row.unit}" for row in rows],
    )


def labelled(label: str, lines: Sequence[str]) -> list[str]:
    """Lines of which the first begins with a word."""
    labels = [label, *[""] * len(lines)]
    return [f"{each:<{LABEL}}{line}" for each, line in zip(labels, lines, strict=False)]
