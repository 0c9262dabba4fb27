"""Constants of nature that laws may name, with the values of CODATA that come with SciPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

import scipy

from eqdisc.errors import OptionError
from eqdisc.expr.units import Dimension

ALL = "all"
_CODATA_2022 = (1, 15)  # the first SciPy with these values; those before have 2018


@dataclass(frozen=True)
class PhysicalConstant:
    """A constant of nature.

    name        : as physicists write it
    value       : in coherent SI units; uncertainty : its standard uncertainty, 0.0 where exact
    unit        : in words of the SI
    dimension   : exponents of the base units
    description : its name in words
    """

    name: str
    value: float
    uncertainty: float
    unit: str
    dimension: Dimension
    description: str


def _of(**exponents: int) -> Dimension:
    return Dimension.of(**exponents)


# name, name in CODATA, unit, dimension, other spellings
_ROWS: tuple[tuple[str, str, str, Dimension, str], ...] = (
    ("c", "speed of light in vacuum", "m s^-1", _of(m=1, s=-1), "c_0 c0"),
    ("h", "Planck constant", "J s", _of(m=2, kg=1, s=-1), "h_P"),
    ("hbar", "reduced Planck constant", "J s", _of(m=2, kg=1, s=-1), "h_bar"),
    ("k_B", "Boltzmann constant", "J K^-1", _of(m=2, kg=1, s=-2, K=-1), "kB k"),
    ("G", "Newtonian constant of gravitation", "m^3 kg^-1 s^-2", _of(m=3, kg=-1, s=-2), "G_N"),
    ("e", "elementary charge", "C", _of(A=1, s=1), "q_e qe"),
    ("epsilon_0", "vacuum electric permittivity", "F m^-1", _of(m=-3, kg=-1, s=4, A=2), "epsilon0 eps0"),
    ("mu_0", "vacuum mag. permeability", "N A^-2", _of(m=1, kg=1, s=-2, A=-2), "mu0"),
    ("m_e", "electron mass", "kg", _of(kg=1), "me"),
    ("m_p", "proton mass", "kg", _of(kg=1), "mp"),
    ("m_n", "neutron mass", "kg", _of(kg=1), "mn"),
    ("u", "atomic mass constant", "kg", _of(kg=1), "m_u amu Da"),
    ("N_A", "Avogadro constant", "mol^-1", _of(mol=-1), "NA"),
    ("R", "molar gas constant", "J mol^-1 K^-1", _of(m=2, kg=1, s=-2, mol=-1, K=-1), "R_gas"),
    ("F", "Faraday constant", "C mol^-1", _of(A=1, s=1, mol=-1), ""),
    ("sigma", "Stefan-Boltzmann constant", "W m^-2 K^-4", _of(kg=1, s=-3, K=-4), "sigma_SB"),
    ("alpha", "fine-structure constant", "1", _of(), ""),
    ("g_n", "standard acceleration of gravity", "m s^-2", _of(m=1, s=-2), "g_0 g0 g"),
    ("a_0", "Bohr radius", "m", _of(m=1), "a0"),
    ("R_inf", "Rydberg constant", "m^-1", _of(m=-1), "R_oo Rydberg"),
    ("mu_B", "Bohr magneton", "J T^-1", _of(m=2, A=1), "muB"),
)  # fmt: skip
NAMES = tuple(row[0] for row in _ROWS)


def physical_constants(names: str | Sequence[str]) -> tuple[PhysicalConstant, ...]:
    """The constants of these names, "c,h,k_B" or a list of them, each once; "all" for every one there is.

    OptionError, with the nearest name, for one that is not there.

    >>> [f"{found.name} = {found.value} {found.unit}" for found in physical_constants("c, q_e")]
    ['c = 299792458.0 m s^-1', 'e = 1.602176634e-19 C']
    """
    words = names.split(",") if isinstance(names, str) else list(names)
    wanted = [word.strip() for word in words if word.strip()]
    if ALL in wanted:
        wanted = list(NAMES)
    known = {spelling: row[0] for row in _ROWS for spelling in (row[0], *row[4].split())}
    for word in wanted:
        if word not in known:
            near = get_close_matches(word, known, n=1) or get_close_matches(word.lower(), known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise OptionError(f"there is no physical constant {word!r}; {hint}There are {', '.join(NAMES)}")
    return tuple(_constant(name) for name in dict.fromkeys(known[word] for word in wanted))


def codata() -> str:
    """Which values these are.

    >>> codata() in ("CODATA 2018", "CODATA 2022")
    True
    """
    version = tuple(int(part) for part in scipy.__version__.split(".")[:2])
    return "CODATA 2022" if version >= _CODATA_2022 else "CODATA 2018"


@lru_cache(maxsize=len(NAMES))
def _constant(name: str) -> PhysicalConstant:
    from scipy.constants import physical_constants as table

    _, words, unit, dimension, _ = next(row for row in _ROWS if row[0] == name)
    value, _, uncertainty = table[words]
    return PhysicalConstant(name, float(value), float(uncertainty), unit, dimension, words)
