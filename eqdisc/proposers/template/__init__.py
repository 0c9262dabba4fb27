"""Search for the unknown functions of a form such as a*exp(-f(x)) + g(t)."""

from eqdisc.proposers.template.matching import HasForm, Match, match_template
from eqdisc.proposers.template.proposer import Template

__all__ = ["HasForm", "Match", "Template", "match_template"]
