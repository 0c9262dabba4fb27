"""Identifiers of a programming language, made from the names of columns."""

import re
import unicodedata
from collections.abc import Collection, Iterable

from eqdisc.interop.latex import latex_name


def identifiers(columns: Iterable[str], reserved: Collection[str], ascii_only: bool = False) -> list[str]:
    """An identifier for each column, all different, none of them reserved.

    A name that can stay stays; of others the letters and digits do. With `ascii_only` Greek letters are
    spelled and accents dropped.

    >>> identifiers(["mass", "peak load [kN]", "exp", "x-y", "x y", "2nd"], {"exp"})
    ['mass', 'peak_load_kN', 'exp_', 'x_y', 'x_y_2', 'x2nd']
    >>> identifiers(["λ", "höhe"], (), ascii_only=True)
    ['lambda', 'hohe']
    """
    names = list(columns)
    # Names that can stay come first: "a b" must not take the identifier of a column called "a_b".
    staying = {name for name in names if _stays(name, reserved, ascii_only)}
    taken = set(staying)
    found = []
    for name in names:
        if name in staying:
            staying.remove(name)
            found.append(name)
        else:
            found.append(_free(_cleaned(name, reserved, ascii_only), taken))
            taken.add(found[-1])
    return found


def _stays(name: str, reserved: Collection[str], ascii_only: bool) -> bool:
    normal = name.isascii() if ascii_only else unicodedata.normalize("NFKC", name) == name
    return name.isidentifier() and normal and name not in reserved and not name.startswith("__")


def _cleaned(name: str, reserved: Collection[str], ascii_only: bool) -> str:
    letters = "".join(map(_ascii, name)) if ascii_only else unicodedata.normalize("NFKC", name)
    text = re.sub(r"\W+", "_", letters).strip("_") or "x"
    text = text if text.isidentifier() else f"x{text}"
    return text if _stays(text, reserved, ascii_only) else f"{text}_"


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    spelled = re.fullmatch(r"\\([A-Za-z]+)", latex_name(letter))
    return spelled[1] if spelled else unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()


def _free(name: str, taken: Collection[str]) -> str:
    count, found = 1, name
    while found in taken:
        count += 1
        found = f"{name.rstrip('_')}_{count}"
    return found
