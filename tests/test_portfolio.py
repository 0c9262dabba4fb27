"""Strategies by name, with those they hand smaller problems to."""

from dataclasses import dataclass

import pytest

from eqdisc import portfolio
from eqdisc.errors import OptionError, WeightsError
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


@dataclass(frozen=True)
class Learned:
    readable: bool = True
    name: str = "learned"

    def check(self):
        if not self.readable:
            raise WeightsError("the weights are gone")


def test_what_was_learned_before_can_be_left_out():
    plain = named_proposer("closed_form")
    assert portfolio.usable([Learned(), plain], pretrained=True) == ((Learned(), plain), ())
    assert portfolio.usable([Learned(), plain], pretrained=False) == ((plain,), ())
    with pytest.raises(OptionError, match="learned is pretrained, and pretrained networks"):
        portfolio.usable([Learned()], pretrained=False)


def test_weights_that_cannot_be_read_are_a_warning_unless_nothing_else_was_asked_for():
    plain = named_proposer("closed_form")
    kept, warnings = portfolio.usable([Learned(readable=False), plain], pretrained=True)
    assert kept == (plain,)
    assert warnings == ("the search went on without learned: the weights are gone",)
    assert portfolio.usable([Learned(readable=False), plain], pretrained=False)[1] == ()
    with pytest.raises(WeightsError, match="gone"):
        portfolio.usable([Learned(readable=False)], pretrained=True)


def test_the_network_looks_after_quick_strategies_and_before_those_that_draw_by_its_guesses():
    names = [strategy.name for strategy in portfolio.portfolio("gp snip enumeration closed_form structure")]
    assert names == ["closed_form", "structure", "snip", "enumeration", "gp"]
    assert "snip" not in portfolio.DEFAULT_PROPOSERS
