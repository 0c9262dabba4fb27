"""Sources of batches for the tests of their transport; processes import them from here."""

import os
import signal
from dataclasses import dataclass

import numpy as np

from eqdisc.errors import OptionError
from eqdisc.proposers.snip.pretrain.supply import Prepared

KINDS = (np.float32, np.int64, np.bool_)


@dataclass(frozen=True)
class Counting:
    """Batches of numbers that tell their step.

    failing : step whose tables cannot be made
    fatal   : step that ends the process as the system does where memory is short
    """

    failing: int = -1
    fatal: int = -1

    def batch(self, step: int) -> Prepared:
        """The batch of a step."""
        if step == self.failing:
            raise OptionError(f"no tables of step {step}; ask for others")
        if step == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        rng = np.random.default_rng(step)
        fields = range(len(Prepared._fields))
        parts = [100 * rng.random((7, 3 + at, step % 5 + 1)) for at in fields]
        return Prepared(*((part - 1).astype(KINDS[at % len(KINDS)]) for at, part in enumerate(parts)))
