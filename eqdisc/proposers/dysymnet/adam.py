"""Adam: steps whose length hardly depends on the scale of the gradient (Kingma and Ba 2015)."""

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.search.proposer import State

#: Memory of the first and of the second moment.
FIRST, SECOND = 0.9, 0.999


class Adam:
    """Moments of the gradients of (p,) parameters, their bias corrected.

    >>> Adam(1, 0.1).step(np.array([-3.0])).round(6)
    array([-0.1])
    """

    def __init__(self, size: int, rate: float) -> None:
        self.rate = rate
        self.first = np.zeros(size)
        self.second = np.zeros(size)
        self.steps = 0

    def step(self, gradient: FloatArray) -> FloatArray:
        """(p,) what to add to the parameters to climb."""
        self.steps += 1
        self.first += (1 - FIRST) * (gradient - self.first)
        self.second += (1 - SECOND) * (gradient**2 - self.second)
        mean = self.first / (1 - FIRST**self.steps)
        square = self.second / (1 - SECOND**self.steps)
        step: FloatArray = self.rate * mean / (np.sqrt(square) + 1e-8)
        return step

    def reset(self) -> None:
        """Forget every gradient."""
        self.first[:] = 0.0
        self.second[:] = 0.0
        self.steps = 0

    def state(self) -> State:
        """The moments and the number of steps."""
        return {"first": self.first.copy(), "second": self.second.copy(), "steps": self.steps}

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        self.first[:] = state["first"]
        self.second[:] = state["second"]
        self.steps = int(state["steps"])
