"""Strategies by name, with those they hand smaller problems to."""

from dataclasses import dataclass

from eqdisc import portfolio
from eqdisc.portfolio import Entry, named_proposer


@dataclass(frozen=True)
class Outer:
    inner: tuple = ()
    name: str = "outer"


def test_a_strategy_is_given_its_inner_ones(monkeypatch):
    entries = {**portfolio.PROPOSERS, "outer": Entry(__name__, "Outer", ("closed_form",))}
    monkeypatch.setattr(portfolio, "PROPOSERS", entries)
    monkeypatch.setattr(portfolio, "import_module", lambda name: _Module if name == __name__ else _real(name))
    assert [strategy.name for strategy in named_proposer("outer").inner] == ["closed_form"]
    assert [strategy.name for strategy in portfolio.portfolio("outer,gp,closed_form")] == [
        "closed_form",
        "gp",
        "outer",
    ]


class _Module:
    Outer = Outer


_real = portfolio.import_module
