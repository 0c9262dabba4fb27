"""Code for Julia."""

from eqdisc.expr.operators import ATOM, POWER, Form
from eqdisc.interop.source.language import RECIPROCAL, Code, Language, calls, named

# Julia throws a DomainError where other languages give NaN.
_HELPERS = """\
_sqrt(a) = a < 0 ? oftype(a, NaN) : sqrt(a)

_log(a) = a < 0 ? oftype(a, NaN) : log(a)

_log10(a) = a < 0 ? oftype(a, NaN) : log10(a)

_sin(a) = isinf(a) ? oftype(a, NaN) : sin(a)

_cos(a) = isinf(a) ? oftype(a, NaN) : cos(a)

_tan(a) = isinf(a) ? oftype(a, NaN) : tan(a)

_asin(a) = abs(a) > 1 ? oftype(a, NaN) : asin(a)

_acos(a) = abs(a) > 1 ? oftype(a, NaN) : acos(a)

_root(a, b) = isfinite(a) ? oftype(a, NaN) : b > 0 ? oftype(a, Inf) : zero(a)

_pow(a, b) = a < 0 && isfinite(b) && !isinteger(b) ? _root(a, b) : a^b
"""
_KEYWORDS = """
abstract baremodule begin break catch const continue do else elseif end export false finally for function
global if import in isa let local macro module mutable primitive public quote return struct true try type
using where while _ float isinf isfinite isinteger oftype zero sqrt log log10 sin cos tan asin acos
"""


def _program(code: Code) -> str:
    lines = [
        *(f"# {line}".rstrip() for line in code.notes),
        f"function {code.function}({', '.join(code.arguments)})",
        *(f"    {name} = float({name})" for name in code.arguments),
        f"    return {code.body()}",
        "end",
    ]
    return "\n".join([*code.definitions, *([""] if code.definitions else []), *lines]) + "\n"


def _on_columns(function: str, arguments: list[str], columns: list[str]) -> str:
    return f"{function}.({', '.join(arguments)}) on columns, {function}({', '.join(arguments)}) on numbers"


JULIA = Language(
    name="julia",
    forms=calls("", atan2="atan")
    | calls("_", "sqrt log log10 sin cos tan asin acos pow")
    | {
        "inv": RECIPROCAL,
        "square": Form("#1^2", POWER, (ATOM,)),
        "cube": Form("#1^3", POWER, (ATOM,)),
        "where": Form("ifelse(#1 > 0, #2, #3)"),
    },
    helpers=named(_HELPERS),
    template=_program,
    usage=_on_columns,
    infinity="Inf",
    nan="NaN",
    keywords=_KEYWORDS,
    ascii_only=True,
)
