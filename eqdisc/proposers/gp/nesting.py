"""Waves within waves: sine, cosine, tangent or hyperbolic tangent of something that contains one of them."""

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, N_COS, N_SIN, N_TAN, N_TANH
from eqdisc.proposers.gp.genome import Genome

#: Laws of nature hardly ever nest these, and approximations by them are everywhere: cos(sin(x)) is
#: 1/cosh(x) up to the sixth power of x.
IS_WAVE = np.zeros(ARITY.shape[0], np.bool_)
IS_WAVE[np.array([N_SIN, N_COS, N_TAN, N_TANH])] = True


@kernel
def nests_waves(g: Genome, stack: IntArray) -> bool:
    """Whether a wave contains another; `stack` is room for as many numbers as the tree is deep."""
    depth = 0
    for i in range(g.size[0]):
        op = g.ops[i]
        waves = 0
        for _ in range(ARITY[op]):
            depth -= 1
            waves += stack[depth]
        if IS_WAVE[op]:
            if waves > 0:
                return True
            waves = 1
        stack[depth] = waves
        depth += 1
    return False
