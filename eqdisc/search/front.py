"""The Pareto front of complexity against loss."""

from collections.abc import Iterator

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.scoring.candidate import Candidate


class ParetoFront:
    """The candidates that no other beats in both complexity and loss, simplest first.

    Along the front complexity rises strictly and loss falls strictly. Which candidates are kept depends on
    what was added and not on the order: of two equally good ones the smaller in `(codes, payload, found_by)`
    stays.
    """

    def __init__(self) -> None:
        self._members: tuple[Candidate, ...] = ()

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._members)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The members, simplest first."""
        return self._members

    def best(self) -> Candidate:
        """The member with the smallest loss, which is the most complex one. LookupError where empty."""
        if not self._members:
            raise LookupError("the front is empty")
        return self._members[-1]

    def best_loss(self, complexity: int) -> float:
        """Smallest loss of a member of at most this complexity; infinite where there is none."""
        losses = [member.loss for member in self._members if member.complexity <= complexity]
        return min(losses, default=float("inf"))

    def best_losses(self, largest: int) -> FloatArray:
        """(largest,) smallest loss of a member of at most complexity 1, 2, ...; infinite where there is none.

        >>> ParetoFront().best_losses(2)
        array([inf, inf])
        """
        losses: FloatArray = np.full(largest, np.inf)
        for member in self._members:  # the later, the smaller the loss
            losses[member.complexity - 1 :] = member.loss
        return losses

    def crown(self, candidate: Candidate) -> None:
        """End the front with an exact law: of the others only those stay that are simpler and less precise.

        The loss is no judge of exact laws where the target spans so many decades that the rounding of its
        largest rows exceeds its smallest: a law that is wrong on those may be the more precise one by luck.
        """
        below = (m for m in self._members if m.complexity < candidate.complexity and m.loss > candidate.loss)
        self._members = (*below, candidate)

    def add(self, candidate: Candidate) -> bool:
        """Keep the candidate unless a member beats it; whether it was kept.

        ValueError for a loss that is not finite: it could neither be beaten nor compared.
        """
        if not 0.0 <= candidate.loss < float("inf"):
            raise ValueError(f"a front compares finite losses, got {candidate.loss!r}")
        if any(_beats(member, candidate) for member in self._members):
            return False
        kept = [member for member in self._members if not _beats(candidate, member)]
        # One assignment: an interrupt leaves the old front or the new one, never half of one.
        self._members = tuple(sorted([*kept, candidate], key=lambda member: member.complexity))
        return True


def _beats(a: Candidate, b: Candidate) -> bool:
    """Whether `b` has no place beside `a`; a candidate beats its own copy."""
    if a.complexity == b.complexity and a.loss == b.loss:
        return _tie_key(a) <= _tie_key(b)
    return a.complexity <= b.complexity and a.loss <= b.loss


def _tie_key(candidate: Candidate) -> tuple[tuple[int, ...], tuple[float, ...], str]:
    return candidate.expression.codes, candidate.expression.payload, candidate.found_by
