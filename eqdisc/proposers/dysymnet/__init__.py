"""Neural-guided dynamic symbolic networks: networks of operators, sampled, fitted and pruned to laws."""

from eqdisc.proposers.dysymnet.controller import Controller
from eqdisc.proposers.dysymnet.settings import DySymNet

__all__ = ["Controller", "DySymNet"]
