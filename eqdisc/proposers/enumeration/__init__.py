"""Every small law once, and laws of twice the size by meeting in the middle."""

from eqdisc.proposers.enumeration.settings import Enumeration

__all__ = ["Enumeration"]
