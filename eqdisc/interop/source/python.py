"""Code for Python: plain floats, NumPy arrays, Torch tensors and JAX arrays."""

import keyword
from functools import partial

from eqdisc.expr.operators import ADD, CUBE, DIV, MUL, NEG, POW, SQUARE, SUB, Form, operator
from eqdisc.interop.source.language import RECIPROCAL, Code, Language, calls, named

_KEYWORDS = " ".join(keyword.kwlist)


def _module(code: Code, imports: str, conversion: str = "", context: str = "") -> str:
    """A module with one function: `conversion` is done to each argument, the value is found in `context`."""
    converted = [f"    {name} = {conversion.format(name)}" for name in code.arguments if conversion]
    inside = [f"    with {context}:"] if context else []
    lines = [
        f"def {code.function}({', '.join(code.arguments)}):",
        *_docstring(code.notes),
        *converted,
        *inside,
        f"{'    ' * (1 + bool(context))}return {code.body()}",
    ]
    return "\n\n\n".join([imports, *code.definitions, "\n".join(lines)]) + "\n"


def _docstring(notes: tuple[str, ...]) -> list[str]:
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in notes]
    return ['    """' + escaped[0], *(f"    {line}".rstrip() for line in escaped[1:]), '    """']


def _on_values(function: str, arguments: list[str], columns: list[str]) -> str:
    return f"{function}({', '.join(f'{name}=1.0' for name in arguments)})"


def _on_columns(function: str, arguments: list[str], columns: list[str]) -> str:
    return f"{function}({', '.join(f'table[{name}]' for name in columns)})"


# ---------------------------------------------------------------- plain floats

# `math` raises errors where floating-point arithmetic has infinities and NaN.
_RAISING = """\
def _divide(a, b):
    if b != 0.0:
        return a / b
    return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)

def _square(a):
    return a * a

def _cube(a):
    return a * a * a

def _sqrt(a):
    return math.sqrt(a) if a >= 0.0 else math.nan

def _pow(a, b):
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0.0 and b % 2.0 == 1.0 else math.inf
    except ValueError:  # zero below a negative exponent, or a root of a negative number
        return math.nan if a != 0.0 else math.copysign(math.inf, a) if b % 2.0 == 1.0 else math.inf

def _exp(a):
    try:
        return math.exp(a)
    except OverflowError:
        return math.inf

def _log(a):
    return math.log(a) if a > 0.0 else -math.inf if a == 0.0 else math.nan

def _log10(a):
    return math.log10(a) if a > 0.0 else -math.inf if a == 0.0 else math.nan

def _sin(a):
    return math.sin(a) if math.isfinite(a) else math.nan

def _cos(a):
    return math.cos(a) if math.isfinite(a) else math.nan

def _tan(a):
    return math.tan(a) if math.isfinite(a) else math.nan

def _asin(a):
    return math.asin(a) if abs(a) <= 1.0 else math.nan

def _acos(a):
    return math.acos(a) if abs(a) <= 1.0 else math.nan

def _sinh(a):
    try:
        return math.sinh(a)
    except OverflowError:
        return math.copysign(math.inf, a)

def _cosh(a):
    try:
        return math.cosh(a)
    except OverflowError:
        return math.inf

def _sign(a):
    return a if a != a else float((a > 0.0) - (a < 0.0))

def _min(a, b):
    return a if a <= b or a != a else b

def _max(a, b):
    return a if a >= b or a != a else b

def _floor(a):
    return math.copysign(math.floor(a), a) if math.isfinite(a) else a

def _mod(a, b):
    return a % b if b != 0.0 else math.nan
"""


def _plain_division(name: str, last: float) -> Form | None:
    return operator("div").text if name == "div" and last != 0.0 else None


PYTHON = Language(
    name="python",
    forms=calls("_")
    | calls("_", "square cube pow")
    | calls("math.", "cbrt atan atan2 tanh")
    | calls("", "abs")
    | {
        "div": Form("_divide(#1, #2)"),
        "inv": Form("_divide(1.0, #1)"),
        "where": Form("(#2 if #1 > 0.0 else #3)"),
    },
    helpers=named(_RAISING),
    template=partial(_module, imports="import math", conversion="float({})"),
    usage=_on_values,
    infinity="math.inf",
    nan="math.nan",
    keywords=f"{_KEYWORDS} float",
    special=_plain_division,
)

# ---------------------------------------------------------------- arrays


def _array_forms(module: str) -> dict[str, Form]:
    renamed = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"}
    return calls(f"{module}.", **renamed, min="minimum", max="maximum") | {
        "inv": RECIPROCAL,
        "where": Form(f"{module}.where(#1 > 0.0, #2, #3)"),
    }


NUMPY = Language(
    name="numpy",
    forms=_array_forms("np"),
    helpers={},
    template=partial(
        _module,
        imports="import numpy as np",
        conversion="np.asarray({}, dtype=float)",
        context='np.errstate(all="ignore")',
    ),
    usage=_on_columns,
    infinity="np.inf",
    nan="np.nan",
    keywords=f"{_KEYWORDS} float",
)

JAX = Language(
    name="jax",
    forms=_array_forms("jnp"),
    helpers={},
    template=partial(
        _module,
        imports="import jax.numpy as jnp\n\n"
        '# Single precision, unless jax.config.update("jax_enable_x64", True) is called before all else.',
        conversion="jnp.asarray({}, dtype=float)",
    ),
    usage=_on_columns,
    infinity="jnp.inf",
    nan="jnp.nan",
    keywords=f"{_KEYWORDS} float jax",
)

_TENSORS = """\
def _like(a, b):
    return torch.as_tensor(a, dtype=b.dtype, device=b.device)

def _pair(a, b):
    tensor = a if torch.is_tensor(a) else b
    return _like(a, tensor), _like(b, tensor)

def _where(c, a, b):
    return torch.where(c > 0.0, _like(a, c), _like(b, c))

def _sign(a):
    return torch.where(torch.isnan(a), a, torch.sign(a))

def _cbrt(a):
    return torch.copysign(torch.abs(a) ** (1.0 / 3.0), a)
"""
_ON_FLOATS = (ADD, SUB, MUL, DIV, NEG, SQUARE, CUBE, POW)


def _pairwise(name: str) -> Form:
    return Form(f"torch.{name}(*_pair(#1, #2))")


TORCH = Language(
    name="torch",
    forms=calls("torch.")
    | calls("_", "where sign cbrt")
    | {
        # Torch evaluates 3.0/tensor as 3.0 times the reciprocal, which may overflow.
        "div": _pairwise("div"),
        "inv": Form("torch.reciprocal(#1)"),
        "min": _pairwise("minimum"),
        "max": _pairwise("maximum"),
        "atan2": _pairwise("atan2"),
        "mod": _pairwise("remainder"),
    },
    helpers=named(_TENSORS),
    template=partial(_module, imports="import torch"),
    usage=lambda function, arguments, columns: (
        f"{function}({', '.join(arguments)}) of floating-point tensors"
    ),
    infinity='float("inf")',
    nan='float("nan")',
    keywords=_KEYWORDS,
    special=_plain_division,
    literal=lambda code: code in _ON_FLOATS,
)
