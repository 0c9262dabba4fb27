"""Laws that need no search: power laws, linear libraries, target transforms, rational functions."""

from eqdisc.proposers.closed_form.proposer import ClosedForm

__all__ = ["ClosedForm"]
