"""Laws that look like science, with tables of their values: what a model is trained on."""

from eqdisc.proposers.snip.generator.settings import GeneratorSettings
from eqdisc.proposers.snip.generator.stream import Generator, table

__all__ = ["Generator", "GeneratorSettings", "table"]
