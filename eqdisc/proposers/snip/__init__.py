"""A model of tables and formulas trained beforehand: what it says of a table, and what it proposes.

SNIP: Meidani, Shojaee, Reddy, Farimani, "SNIP: Bridging Mathematical Symbolic and Numeric Realms with Unified
Pre-training" (ICLR 2024). Trained by `pretrain` on the laws of `generator`, used in plain NumPy.
"""

from eqdisc.proposers.snip.settings import Snip

__all__ = ["Snip"]
