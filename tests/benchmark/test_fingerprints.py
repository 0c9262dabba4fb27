import json

import pytest
from typer.testing import CliRunner

from eqdisc.benchmark.fingerprints import fingerprints
from eqdisc.benchmark.registry import load_suite
from eqdisc.cli import app
from eqdisc.expr.parse import parse
from eqdisc.expr.simplify import simplify
from eqdisc.proposers.snip.excluded import Excluded, is_small
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.knowledge import skeletons_alone
from eqdisc.proposers.snip.skeleton import plain, skeleton_of

SUITES = ["srsd-easy", "srsd-medium", "srsd-hard-dummy", "fastsrb", "strogatz", "classic"]


@pytest.fixture(scope="module")
def found():
    return fingerprints(SUITES)


def test_every_large_law_of_the_suites_is_excluded(found):
    small = {(suite, task) for suite, task, _ in found.small}
    laws = 0
    for name in SUITES:
        for task in load_suite(name).tasks:
            if task.truth is None or (name, task.name) in small:
                continue
            law = parse(task.truth, task.feature_names)
            laws += 1
            assert found.excluded.holds([law]).all(), f"{name} {task.name}: {task.truth}"
    assert laws > 300


def test_every_output_of_a_surface_is_excluded():
    excluded = fingerprints(["surface-hidden"]).excluded
    outputs = 0
    for task in load_suite("surface-hidden").tasks[:5]:
        laws = [parse(truth, task.feature_names) for truth in task.truths]
        large = [law for law in laws if not is_small(simplify(law))]
        assert excluded.holds(large).all(), task.name
        outputs += len(large)
    assert outputs > 5


def test_small_laws_are_told_and_stay(found):
    assert ("srsd-easy", "I.12.1", "x0*x1") in found.small
    for name, task, text in found.small:
        law = simplify(parse(text, load_suite(name).task(task).feature_names))
        assert len(plain(skeleton_of(law)).codes) <= 5
        assert not found.excluded.holds([law, 3.0 * law, law - 2.0]).any()


@pytest.mark.slow
def test_neither_the_bank_nor_new_tables_hold_a_law_of_any_suite():
    excluded = fingerprints().excluded
    bank = skeletons_alone()
    assert not excluded.holds([bank.programs.expression(place) for place in range(len(bank))]).any()
    settings = GeneratorSettings(inputs=(1.0, 1.0))
    frequent = Generator(0, settings).laws(4000)
    assert excluded.holds(frequent).sum() > 10
    assert not excluded.holds(Generator(0, settings, excluded).laws(4000)).any()


def test_other_laws_are_not_excluded(found):
    names = ["x0", "x1", "x2"]
    others = ["sin(x0)*cosh(x1) + tanh(x2)", "x0**2.3*exp(x1/x2) - x2**3", "atan(x0*x1**3) + max(x1, 2*x2)"]
    assert not found.excluded.holds([parse(text, names) for text in others]).any()


def test_the_command_writes_them(tmp_path):
    out = tmp_path / "excluded.npz"
    told = CliRunner().invoke(app, ["bench", "fingerprints", "strogatz", "--out", str(out), "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["laws"] == 12
    assert len(Excluded.read(out)) == json.loads(told.stdout)["skeletons"]
    listed = CliRunner().invoke(app, ["bench", "fingerprints", "srsd-easy", "--out", str(out)])
    assert "I.12.1  x0*x1" in listed.stdout


def test_the_command_refuses_what_it_cannot_do(tmp_path):
    for arguments in (["strogatz", "--out", str(tmp_path / "no" / "e.npz")], ["nowhere", "--out", "e.npz"]):
        told = CliRunner().invoke(app, ["bench", "fingerprints", *arguments])
        assert told.exit_code == 2
        assert "Traceback" not in told.output
