"""What a terminal shows when a search for a surface is over."""

from collections.abc import Sequence
from shlex import quote

from eqdisc.report.text import MAX_SIZE, aligned, labelled
from eqdisc.surfaces.law import SurfaceLaw
from eqdisc.surfaces.result import SurfaceResult

FORMS = {
    "implicit": "implicit: where this is zero the surface is",
    "parametric": "parametric: a point of the surface for all values of the parameters",
}


def surface_summary(result: SurfaceResult) -> str:
    """The law, the front with the chosen law marked, its form and why it was chosen, how to repeat it."""
    best = result.best
    lines = [
        *best.lines(),
        "",
        *surface_table(result.laws, best),
        "",
        f"form     {FORMS[best.form]}",
        f"chosen   {result.reason}",
        f"distance {distance_text(best)}",
        f"stopped  {result.stopped.value}, after {result.seconds:.1f} s",
        f"repeat   {repeat_surface(result)}",
        *labelled("note", result.notes),
        *labelled("warning", result.warnings),
    ]
    return "\n".join(lines)


def surface_table(laws: Sequence[SurfaceLaw], best: SurfaceLaw) -> list[str]:
    """Lines of an aligned table, simplest law first, `>` before the chosen one; no law is cut or wrapped.

    A law of several equations has a line for each. The numbers are those that `--equation` takes.
    """
    rows = [("", "#", "nodes", "distance", "exact", "found by", "law")]
    for number, law in enumerate(laws, start=1):
        first, *others = law.lines()
        mark, exact = ">" if law is best else "", "yes" if law.exact else "no"
        rows.append((mark, str(number), str(law.complexity), f"{law.distance:.3g}", exact, law.origin, first))
        rows += [("", "", "", "", "", "", line) for line in others]
    return aligned(rows, left={0, 4, 5, 6})


def distance_text(law: SurfaceLaw) -> str:
    """How far the points are from the law, in words."""
    given = law.form == "parametric" and not law.ranges
    what = "the outputs from their values" if given else "the points from the surface"
    return f"{law.distance:.2g} of the diagonal of the points' box: root mean square, of {what}"


def repeat_surface(result: SurfaceResult) -> str:
    """What to tell the command to search the same way again."""
    told = result.settings
    words = [f"--{key} {quote(','.join(told[key]))}" for key in ("features", "targets") if told.get(key)]
    if not words:
        words = [f"--{result.question} {quote(','.join(result.names))}"]
    words.append(f"--seed {result.seed} --time {told.get('time_limit', 30.0):g}")
    if told.get("epochs") is not None:
        words.append(f"--epochs {told['epochs']}")
    if told.get("max_size", MAX_SIZE) != MAX_SIZE:
        words.append(f"--max-size {told['max_size']}")
    if not told.get("pretrained", True):
        words.append("--no-pretrained")
    if told.get("operators"):
        words.append(f"--operators {quote(told['operators'])}")
    words += [f"--operator {quote(macro)}" for macro in told.get("macros", ())]
    return " ".join(words)
