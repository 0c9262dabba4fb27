"""Code for C and for JavaScript."""

from eqdisc.expr.operators import Form
from eqdisc.interop.source.language import RECIPROCAL, VALUES, Code, Language, calls, named

_BRANCH = Form("(#1 > 0.0 ? #2 : #3)")


def _comment(notes: tuple[str, ...]) -> list[str]:
    inside = [line.replace("*/", "* /").replace("/*", "/ *") for line in notes]
    return ["/*", *(f" * {line}".rstrip() for line in inside), " */"]


def _on_values(function: str, arguments: list[str], columns: list[str]) -> str:
    return f"{function}({', '.join(arguments)})"


# ---------------------------------------------------------------- C

_C_HELPERS = """\
static double square(double a) { return a * a; }

static double cube(double a) { return a * a * a; }

static double sign(double a) { return isnan(a) ? a : (double)((a > 0.0) - (a < 0.0)); }

static double minimum(double a, double b) { return a <= b || isnan(a) ? a : b; }

static double maximum(double a, double b) { return a >= b || isnan(a) ? a : b; }

static double floor_mod(double a, double b) {
    const double r = fmod(a, b);
    if (r == 0.0) return copysign(0.0, b);
    return (r < 0.0) != (b < 0.0) ? r + b : r;
}
"""
# Words of C and C++, and macros that compilers define unasked or in math.h.
_C_KEYWORDS = """
alignas alignof and and_eq asm atomic_cancel auto bitand bitor bool break case catch char char8_t char16_t
char32_t class compl concept const const_cast consteval constexpr constinit continue co_await co_return
co_yield decltype default delete do double dynamic_cast else enum explicit export extern false float for
friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
protected public register reinterpret_cast requires restrict return short signed sizeof static static_assert
static_cast struct switch template this thread_local throw true try typedef typeid typename typeof union
unsigned using virtual void volatile wchar_t while xor xor_eq main
i386 linux unix DOMAIN HUGE HUGE_VAL HUGE_VALF HUGE_VALL INFINITY MAXFLOAT NAN OVERFLOW PLOSS SING TLOSS
UNDERFLOW X_TLOSS FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO FP_FAST_FMA FP_ILOGB0 FP_ILOGBNAN M_1_PI
M_2_PI M_2_SQRTPI M_E M_LN10 M_LN2 M_LOG10E M_LOG2E M_PI M_PI_2 M_PI_4 M_SQRT1_2 M_SQRT2 MATH_ERRNO
MATH_ERREXCEPT math_errhandling signgam fpclassify isfinite isinf isnan isnormal signbit isgreater
isgreaterequal isless islessequal islessgreater isunordered fmod copysign
"""


def _c(code: Code) -> str:
    parameters = [f"double {name}" for name in code.arguments]
    if len(code.values) == 1:
        kind, lines = "double", [f"    return {code.body()};"]
    else:
        kind, lines = "void", [f"    {VALUES}[{i}] = {value};" for i, value in enumerate(code.values)]
        parameters.append(f"double {VALUES}[{len(code.values)}]")
    head = f"{kind} {code.function}({', '.join(parameters) or 'void'})"
    definition = "\n".join([f"{head} {{", *lines, "}"])
    return "\n\n".join(["#include <math.h>", *code.definitions, "\n".join(_comment(code.notes))]) + (
        f"\n{definition}\n"
    )


C = Language(
    name="c",
    forms=calls("", abs="fabs", min="minimum", max="maximum", mod="floor_mod")
    | calls("", "square cube pow")
    | {"inv": RECIPROCAL, "where": _BRANCH},
    helpers=named(_C_HELPERS),
    template=_c,
    usage=_on_values,
    infinity="INFINITY",
    nan="NAN",
    keywords=_C_KEYWORDS,
    ascii_only=True,
)

# ---------------------------------------------------------------- JavaScript

# Math.pow(1, NaN) and Math.pow(-1, Infinity) are NaN, where all other languages have 1.
_JAVASCRIPT_HELPERS = """\
function square(a) { return a * a; }

function cube(a) { return a * a * a; }

function power(a, b) {
    return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b);
}

function floorMod(a, b) {
    const r = a % b;
    if (r === 0) return b < 0 ? -0 : 0;
    return (r < 0) !== (b < 0) ? r + b : r;
}
"""
_JAVASCRIPT_KEYWORDS = """
abstract arguments async await boolean break byte case catch char class const continue debugger default delete
do double else enum eval export extends false final finally float for function get goto if implements import
in instanceof int interface let long module native new null of package private protected public require
return set short static super switch synchronized this throw throws transient true try typeof undefined var
void volatile while with yield
"""


def _javascript(code: Code) -> str:
    definition = (
        f"function {code.function}({', '.join(code.arguments)}) {{\n    return {code.body('[]')};\n}}"
    )
    return "\n\n".join([*code.definitions, "\n".join(_comment(code.notes))]) + f"\n{definition}\n"


JAVASCRIPT = Language(
    name="javascript",
    forms=calls("Math.")
    | calls("", "square cube")
    | {
        "pow": Form("power(#1, #2)"),
        "mod": Form("floorMod(#1, #2)"),
        "inv": RECIPROCAL,
        "where": _BRANCH,
    },
    helpers=named(_JAVASCRIPT_HELPERS),
    template=_javascript,
    usage=_on_values,
    infinity="Infinity",
    nan="NaN",
    keywords=_JAVASCRIPT_KEYWORDS,
)
