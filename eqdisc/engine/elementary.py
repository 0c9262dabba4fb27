"""Elementary functions as straight-line code that LLVM turns into vector instructions.

Only + - * / sqrt rint, comparisons with selects, 32-bit conversions and bit casts appear: no library calls,
no llvm.fma (a call where the hardware has none), no llvm.ldexp (scalar below AVX-512), no conversion between
doubles and 64-bit integers (AVX-512DQ only). Errors stay within about 2 ulp (tanh in single precision 5).

Sine and cosine hold for |x| <= `LARGE_ANGLE` (`LARGE_ANGLE_SINGLE` in single precision); the callers send
larger angles to the C library. Results of exp below 2.3e-308 are flushed to zero.

Reductions and coefficients: Cody & Waite (1980); W. J. Cody's rational forms as in S. Moshier's Cephes; Sun's
fdlibm for the logarithm and the kernels of sine and cosine.
"""

import math
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload

from eqdisc.engine.compile import inlined
from eqdisc.engine.elementary_single import (
    cos_single,
    exp_single,
    log_single,
    sin_cos_single,
    sin_single,
    tanh_single,
)
from eqdisc.engine.instructions import (
    bits,
    fabs,
    floor,
    iadd,
    iand,
    int32_to_double,
    isub,
    ixor,
    low_half,
    rint,
    select,
    shift_left,
    shift_right,
    shift_right_logical,
    sqrt,
    to_int32,
    unbits,
    widen,
)

i32, i64 = np.int32, np.int64

#: Largest |x| for which the polynomial sine and cosine are accurate.
LARGE_ANGLE = 1.0e9


_I0, _I1, _I2, _I20 = (i32(k) for k in (0, 1, 2, 20))
_L32, _L52, _L62 = i64(32), i64(52), i64(62)

_LOG2E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93145751953125e-1, 1.42860682030941723212e-6
_E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11, _E12 = (1.0 / math.factorial(k) for k in range(2, 13))
_BIAS_LESS_1 = i32(1022)


@inlined
def _exp_core(x: float, factor_exponent: np.int32) -> float:
    """2**(factor_exponent - 1022) * e**x for |x| <= 710."""
    n = rint(x * _LOG2E)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    z = r * r
    z2 = z * z
    low = (_E5 * r + _E4) * z + (_E3 * r + _E2)
    high = (_E9 * r + _E8) * z + (_E7 * r + _E6)
    top = (_E11 * r + _E10) + _E12 * z
    y = ((top * z2 + high) * z2 + low) * z + r
    y = y + 1.0
    return (y + y) * unbits(shift_left(widen(iadd(to_int32(n), factor_exponent)), _L52))


@inlined
def exp_double(x0: float) -> float:
    x = select(x0 > 710.0, 710.0, x0)
    x = select(x < -708.39, -708.39, x)
    y = _exp_core(x, _BIAS_LESS_1)
    return select(x0 < -708.39, 0.0, y)


_LG1, _LG2, _LG3, _LG4, _LG5, _LG6, _LG7 = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_LN2_HI, _LN2_LO = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_HALF_ROOT, _MANTISSA = i64(0x3FE6A09E667F3BCD), i64(0x000FFFFFFFFFFFFF)
_SMALLEST_NORMAL, _TWO54 = 2.2250738585072014e-308, 18014398509481984.0


@inlined
def log_double(a: float) -> float:
    tiny = a < _SMALLEST_NORMAL
    scaled = select(tiny, a * _TWO54, a)
    ix = isub(bits(scaled), _HALF_ROOT)
    e = int32_to_double(shift_right(low_half(shift_right_logical(ix, _L32)), _I20))
    e = select(tiny, e - 54.0, e)
    f = unbits(iadd(iand(ix, _MANTISSA), _HALF_ROOT)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    w2 = w * w
    t1 = (w2 * _LG6 + (w * _LG4 + _LG2)) * w
    t2 = ((w * _LG7 + _LG5) * w2 + (w * _LG3 + _LG1)) * z
    half = 0.5 * f * f
    r = e * _LN2_HI - ((half - (s * (half + (t1 + t2)) + e * _LN2_LO)) - f)
    r = select(a > 0.0, r, select(a == 0.0, -np.inf, np.nan))
    return select(a == np.inf, a, r)


_TWO_OVER_PI = 0.63661977236758134308
_PIO2_1, _PIO2_2, _PIO2_3 = 1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624879595063154e-21
_S0, _S1, _S2, _S3, _S4, _S5 = (
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
)
_C0, _C1, _C2, _C3, _C4, _C5 = (
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
)


@inlined
def sin_cos_double(x: float) -> tuple[float, float]:
    q = rint(x * _TWO_OVER_PI)
    r = ((x - q * _PIO2_1) - q * _PIO2_2) - q * _PIO2_3
    k = to_int32(q)
    z = r * r
    z2 = z * z
    z4 = z2 * z2
    c = (_C0 * z + _C1) * z4 + ((_C2 * z + _C3) * z2 + (_C4 * z + _C5))
    s = (_S0 * z + _S1) * z4 + ((_S2 * z + _S3) * z2 + (_S4 * z + _S5))
    c = c * z2 + (1.0 - 0.5 * z)
    s = (s * z) * r + r
    odd = iand(k, _I1) != _I0
    sine = select(odd, c, s)
    cosine = select(odd, s, c)
    sine_sign = shift_left(widen(iand(k, _I2)), _L62)
    cosine_sign = shift_left(widen(iand(iadd(k, _I1), _I2)), _L62)
    return unbits(ixor(bits(sine), sine_sign)), unbits(ixor(bits(cosine), cosine_sign))


@inlined
def sin_double(x: float) -> float:
    return sin_cos_double(x)[0]


@inlined
def cos_double(x: float) -> float:
    return sin_cos_double(x)[1]


@inlined
def tanh_double(a: float) -> float:
    x = fabs(a)
    e = exp_double(-2.0 * x)
    big = (1.0 - e) / (1.0 + e)
    z = x * x
    p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3
    q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3
    small = x * z * (p / q) + x
    r = select(x < 0.625, small, big)
    return select(a < 0.0, -r, r)


@inlined
def sinh_double(a: float) -> float:
    x = fabs(a)
    half = 0.5 * exp_double(0.5 * x)  # in two factors: e**x overflows before sinh does
    root = exp_double(-0.5 * x)
    big = half * exp_double(0.5 * x) - 0.5 * root * root
    z = x * x
    p = ((-7.89474443963537015605e-1 * z - 1.63725857525983828727e2) * z - 1.15614435765005216044e4) * z
    p = p - 3.51754964808151394800e5
    q = ((z - 2.77711081420602794433e2) * z + 3.61578279834431989373e4) * z - 2.11052978884890840399e6
    small = x * z * (p / q) + x
    r = select(x < 1.0, small, big)
    return select(a < 0.0, -r, r)


@inlined
def cosh_double(a: float) -> float:
    root = exp_double(0.5 * fabs(a))
    inverse = exp_double(-0.5 * fabs(a))
    return 0.5 * root * root + 0.5 * inverse * inverse


@inlined
def atan_double(a: float) -> float:
    x = fabs(a)
    large = x > 2.41421356237309504880
    middle = x > 0.66
    t = select(large, (-1.0 / x), select(middle, (x - 1.0) / (x + 1.0), x))
    base = select(large, 1.57079632679489661923, select(middle, 0.78539816339744830962, 0.0))
    correction = select(large, 6.123233995736765886130e-17, select(middle, 3.061616997868382943065e-17, 0.0))
    z = t * t
    p = (-8.750608600031904122785e-1 * z - 1.615753718733365076637e1) * z - 7.500855792314704667340e1
    p = (p * z - 1.228866684490136173410e2) * z - 6.485021904942025371773e1
    q = ((z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2) * z + 4.328810604912902668951e2
    q = (q * z + 4.853903996359136964868e2) * z + 1.945506571482613964425e2
    r = base + ((t * (z * p / q) + t) + correction)
    return select(a < 0.0, -r, r)


@inlined
def asin_double(a: float) -> float:
    # asin x = 2 atan(x / (1 + sqrt(1 - x**2))): no cancellation, NaN outside [-1, 1] through the root.
    return 2.0 * atan_double(a / (1.0 + sqrt((1.0 - a) * (1.0 + a))))


@inlined
def acos_double(a: float) -> float:
    return 2.0 * atan_double(sqrt((1.0 - a) / (1.0 + a)))


@inlined
def atan2_double(y: float, x: float) -> float:
    both_infinite = (fabs(y) == np.inf) & (fabs(x) == np.inf)
    quotient = select(both_infinite, 1.0, select(y == 0.0, 0.0, fabs(y) / fabs(x)))
    acute = atan_double(quotient)
    left = bits(x) < i64(0)
    below = bits(y) < i64(0)
    turned = select(left, np.pi - acute, acute)
    signed = select(below, -turned, turned)
    return select((x != x) | (y != y), x + y, signed)


@inlined
def cbrt_double(a: float) -> float:
    x = fabs(a)
    y = exp_double(log_double(x) / 3.0)
    y = y - (y * y * y - x) / (3.0 * y * y)  # one Newton step to full precision
    y = select((a == 0.0) | (x == np.inf) | (a != a), a, y)
    return select((a < 0.0) & (x != np.inf), -y, y)


@inlined
def pow_double(x: float, y: float) -> float:
    """C's pow, up to an error of about |y log x| ulp: e**(y log|x|) with sign and special cases selected."""
    a = fabs(x)
    magnitude = exp_double(y * log_double(a))
    whole = floor(y) == y
    half = 0.5 * y
    odd = whole & (floor(half) != half)
    r = magnitude
    r = select((bits(x) < i64(0)) & odd, -r, r)
    r = select((x < 0.0) & (floor(y) != y) & (x > -np.inf), np.nan, r)
    r = select((x == 1.0) | (y == 0.0) | ((x == -1.0) & (fabs(y) == np.inf)), 1.0, r)
    return r


@inlined
def mod_double(x: float, y: float) -> float:
    """Remainder with the sign of the divisor, as numpy.mod."""
    return x % y


# ---------------------------------------------------------------- by type of the argument


def exp(x: Any) -> Any:
    """e**x for a float32 or float64 inside a kernel (below: log, sin, cos, sin_cos, tanh likewise)."""
    raise TypeError("for use inside compiled kernels only")


def log(x: Any) -> Any:
    raise TypeError("for use inside compiled kernels only")


def sin(x: Any) -> Any:
    raise TypeError("for use inside compiled kernels only")


def cos(x: Any) -> Any:
    raise TypeError("for use inside compiled kernels only")


def sin_cos(x: Any) -> Any:
    raise TypeError("for use inside compiled kernels only")


def tanh(x: Any) -> Any:
    raise TypeError("for use inside compiled kernels only")


def _by_type(function: Any, single: Any, double: Any) -> None:
    @overload(function, inline="never")
    def choose(x):  # type: ignore[no-untyped-def]  # Numba wants the bare names of the arguments
        chosen = single if x == types.float32 else double
        return lambda x: chosen(x)


_by_type(exp, exp_single, exp_double)
_by_type(log, log_single, log_double)
_by_type(sin, sin_single, sin_double)
_by_type(cos, cos_single, cos_double)
_by_type(sin_cos, sin_cos_single, sin_cos_double)
_by_type(tanh, tanh_single, tanh_double)
