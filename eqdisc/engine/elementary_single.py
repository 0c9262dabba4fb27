"""The elementary functions of `elementary` in single precision."""

from typing import Any

import numpy as np

from eqdisc.engine.compile import inlined
from eqdisc.engine.instructions import (
    bits,
    iadd,
    iand,
    int32_to_single,
    isub,
    ixor,
    rint,
    select,
    shift_left,
    shift_right,
    to_int32,
    unbits,
)

f32, i32 = np.float32, np.int32

#: Largest |x| for which sine and cosine are accurate.
LARGE_ANGLE_SINGLE = 1.0e6

_I0, _I1, _I2, _I23, _I30 = (i32(k) for k in (0, 1, 2, 23, 30))
_F1, _FHALF, _F0, _F2 = f32(1), f32(0.5), f32(0), f32(2)
_FLOG2E, _FLN2_HI, _FLN2_LO = f32(1.44269504088896341), f32(0.693359375), f32(-2.12194440e-4)
_FE0, _FE1, _FE2, _FE3, _FE4, _FE5 = (
    f32(v)
    for v in (
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    )
)
_FMAX, _FMIN, _FBIAS_LESS_1 = f32(89.0), f32(-87.33), i32(126)


@inlined
def exp_single(x0: Any) -> Any:
    x = select(x0 > _FMAX, _FMAX, x0)
    x = select(x < _FMIN, _FMIN, x)
    n = rint(x * _FLOG2E)
    r = (x - n * _FLN2_HI) - n * _FLN2_LO
    z = r * r
    y = ((_FE0 * r + _FE1) * z + (_FE2 * r + _FE3)) * z + (_FE4 * r + _FE5)
    y = y * z + (r + _F1)
    y = (y + y) * unbits(shift_left(iadd(to_int32(n), _FBIAS_LESS_1), _I23))
    return select(x0 < _FMIN, _F0, y)


_G0, _G1, _G2, _G3, _G4, _G5, _G6, _G7, _G8 = (
    f32(v)
    for v in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
)
_FHALF_ROOT, _FMANTISSA = i32(0x3F3504F3), i32(0x007FFFFF)
_FINF, _FNAN = f32(np.inf), f32(np.nan)
_FNORMAL, _FTWO25, _F25 = f32(1.17549435e-38), f32(33554432.0), f32(25)


@inlined
def log_single(a: Any) -> Any:
    tiny = a < _FNORMAL
    scaled = select(tiny, a * _FTWO25, a)
    ix = isub(bits(scaled), _FHALF_ROOT)
    e = int32_to_single(shift_right(ix, _I23))
    e = select(tiny, e - _F25, e)
    x = unbits(iadd(iand(ix, _FMANTISSA), _FHALF_ROOT)) - _F1
    z = x * x
    x3 = z * x
    y = (_G0 * x + _G1) * x + _G2
    y1 = (_G3 * x + _G4) * x + _G5
    y2 = (_G6 * x + _G7) * x + _G8
    y = ((y * x3 + y1) * x3 + y2) * x3
    y = (y + e * _FLN2_LO) - _FHALF * z
    r = (x + y) + e * _FLN2_HI
    r = select(a > _F0, r, select(a == _F0, -_FINF, _FNAN))
    return select(a == _FINF, a, r)


_FTWO_OVER_PI = f32(0.636619746685028076171875)
_FP1, _FP2, _FP3 = (f32(v) for v in (1.57079601287841796875, 3.1391647326017846e-7, 5.3903025299577648e-15))
_FC0, _FC1, _FC2 = (f32(v) for v in (2.4372266125283204e-5, -1.38865201734006405e-3, 0.041666619479656219))
_FS0, _FS1, _FS2 = (f32(v) for v in (-1.9592341140837029e-4, 8.33268736556168517e-3, -1.66666620398229826e-1))


@inlined
def sin_cos_single(x: Any) -> Any:
    q = rint(x * _FTWO_OVER_PI)
    r = ((x - q * _FP1) - q * _FP2) - q * _FP3
    k = to_int32(q)
    z = r * r
    z2 = z * z
    c = ((_FC0 * z + _FC1) * z2 + (_FC2 * z - _FHALF)) * z + _F1
    s = ((_FS0 * z2 + (_FS1 * z + _FS2)) * z) * r + r
    odd = iand(k, _I1) != _I0
    sine = select(odd, c, s)
    cosine = select(odd, s, c)
    sine_sign = shift_left(iand(k, _I2), _I30)
    cosine_sign = shift_left(iand(iadd(k, _I1), _I2), _I30)
    return unbits(ixor(bits(sine), sine_sign)), unbits(ixor(bits(cosine), cosine_sign))


@inlined
def sin_single(x: Any) -> Any:
    return sin_cos_single(x)[0]


@inlined
def cos_single(x: Any) -> Any:
    return sin_cos_single(x)[1]


_TP0, _TP1, _TP2, _TP3, _TP4, _TP5, _TP6 = (
    f32(v)
    for v in (
        -2.76076847742355e-16,
        2.00018790482477e-13,
        -8.60467152213735e-11,
        5.12229709037114e-08,
        1.48572235717979e-05,
        6.37261928875436e-04,
        4.89352455891786e-03,
    )
)
_TQ0, _TQ1, _TQ2, _TQ3 = (
    f32(v) for v in (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
)
_TANH_LIMIT = f32(7.99881172180175781)


@inlined
def tanh_single(a: Any) -> Any:
    x = select(a > _TANH_LIMIT, _TANH_LIMIT, a)
    x = select(x < -_TANH_LIMIT, -_TANH_LIMIT, x)
    z = x * x
    p = (((((_TP0 * z + _TP1) * z + _TP2) * z + _TP3) * z + _TP4) * z + _TP5) * z + _TP6
    q = ((_TQ0 * z + _TQ1) * z + _TQ2) * z + _TQ3
    return x * p / q
