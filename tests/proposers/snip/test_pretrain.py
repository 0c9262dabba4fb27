"""Training: needs PyTorch."""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from itertools import combinations, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from eqdisc.cli import app
from eqdisc.errors import DataError, OptionError, WeightsError
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip import Snip, weights
from eqdisc.proposers.snip.architecture import SIZES, initial
from eqdisc.proposers.snip.batch import Batch
from eqdisc.proposers.snip.decoder import _State
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.inputs import prepare
from eqdisc.proposers.snip.knowledge import knowledge, skeletons_alone
from eqdisc.proposers.snip.layers import sigmoid, unit
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.pretrain.settings import Machine, Pretraining
from eqdisc.proposers.snip.pretrain.supply import Prepared, Source, prepared
from tests.proposers.snip import reference
from tests.proposers.snip.small import SKELETONS

cli_pretrain = sys.modules["eqdisc.cli.pretrain"]  # the package has a function of that name

if TYPE_CHECKING:
    from eqdisc.proposers.snip.pretrain.trainer import Progress, Training

requires_torch = pytest.mark.skipif(find_spec("torch") is None, reason="pip install 'eqdisc[pretrain]'")
# A small bank in place of the one shipped, which takes longer to embed than all steps.
pytestmark = [requires_torch, pytest.mark.usefixtures("shipped")]

HERE = Machine("cpu", threads=1, workers=0)
FILES = {"weights.npz", "bank.npz", "card.md", "checkpoint.pt"}
SHORT = Pretraining(steps=4, batch=8, held_out=12, seed=3)


def quietly(progress: "Progress") -> None:
    """Tell nothing."""


def training(folder: Path, settings: Pretraining = SHORT, **options: Any) -> "Training":
    from eqdisc.proposers.snip.pretrain.trainer import Training

    return Training(settings, HERE, folder, **options)


def tensors(batch: Prepared) -> Prepared:
    import torch

    return Prepared(*(torch.from_numpy(np.ascontiguousarray(part)) for part in batch))


@pytest.fixture(scope="module")
def batch() -> Prepared:
    return Source(0, 24).batch(0)


def test_progress_tells_how_long_the_network_waited_for_tables(tmp_path: Path) -> None:
    told: list[Progress] = []
    training(tmp_path).run(told.append, lambda: False)
    assert all(0.0 < progress.waited < 1.0 for progress in told)
    assert f"waited for tables {told[-1].waited:.0%}" in cli_pretrain.line(told[-1])


# ------------------------------------------------------------ the model


def test_the_kept_answers_are_those_of_pytorch() -> None:
    with np.load(reference.TOLD) as file:
        kept = dict(file)
    found = reference.of_torch(weights.read(reference.WEIGHTS).arrays)
    assert found.keys() == kept.keys()
    for name, array in found.items():
        assert np.allclose(array, kept[name], atol=1e-5), name


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_numpy_and_pytorch_agree_at_every_size(size: str) -> None:
    import torch

    from eqdisc.proposers.snip.model import Model

    drawn = Generator(1).batch(6, rows=50)
    inputs = prepare(drawn.features, drawn.target, drawn.rows, drawn.columns)
    model = Model(SIZES[size], weights.rounded(initial(SIZES[size], np.random.default_rng(0))))
    network = Network.random(0, size)
    tokens = drawn.tokens.astype(np.int64)
    with torch.no_grad():
        parts = (inputs.points, inputs.columns, inputs.table, inputs.point_mask)
        latents = model.latents(*(torch.from_numpy(part) for part in parts)).numpy()
        symbols = model.symbols(torch.from_numpy(tokens)).numpy()
    assert np.allclose(network.latents(inputs), latents, atol=1e-5)
    assert np.allclose(network._symbols(tokens), symbols, atol=1e-5)


def test_numpy_and_pytorch_agree_on_the_weights_that_ship() -> None:
    known = weights.read(Path(weights.__file__).with_name("weights.npz"))
    told, network = reference.of_torch(known.arrays, known.sizes), Network(known)
    latents = network.latents(reference.inputs())
    assert np.allclose(latents, told["latents"], atol=1e-5)
    assert np.allclose(unit(network._layers.linear("embed", latents[:, -1])), told["tables"], atol=1e-5)
    assert np.allclose(network._symbols(reference.TOKENS), told["symbols"], atol=1e-5)
    assert np.allclose(network._whole(latents[:1, -1])[0], sigmoid(told["operators"][0]), atol=1e-5)
    state = _State(network._layers, told["latents"], [1, 1])
    for t in range(reference.TOKENS.shape[1]):
        assert np.allclose(state.advance(reference.TOKENS[:, t], t), told["logits"][:, t], atol=1e-5)


def test_rows_that_are_masked_are_not_there() -> None:
    import torch

    from eqdisc.proposers.snip.model import Model

    drawn = Generator(1).batch(3, rows=20)
    shown = prepare(drawn.features, drawn.target, np.array([20, 12, 5]), drawn.columns)
    model = Model(SIZES["small"], initial(SIZES["small"], np.random.default_rng(0)))
    points, columns, table, mask = (
        torch.from_numpy(part) for part in (shown.points, shown.columns, shown.table, shown.point_mask)
    )
    with torch.no_grad():
        together = model.latents(points, columns, table, mask)
        alone = model.latents(points[2:, :5], columns[2:], table[2:])
    assert torch.allclose(together[2:], alone, atol=1e-5)


# ------------------------------------------------------------ losses


def test_reading_in_parts_changes_nothing_but_the_time(batch: Prepared) -> None:
    import torch

    from eqdisc.proposers.snip.model import Model
    from eqdisc.proposers.snip.pretrain.losses import losses, widths_of

    model = Model(SIZES["small"], initial(SIZES["small"], np.random.default_rng(0)))
    with torch.no_grad():
        truth = tensors(batch)
        whole, divided = (losses(model, truth, widths_of(truth.tokens, parts)) for parts in (1, 5))
    assert torch.allclose(torch.stack(whole), torch.stack(divided), atol=1e-5)


def test_tables_of_one_skeleton_are_no_wrong_answers() -> None:
    import torch

    from eqdisc.proposers.snip.pretrain.losses import contrast

    vectors = torch.eye(4)[[0, 1, 2, 2]]  # the last two tables have one skeleton
    temperature = torch.tensor([4.0])
    aware = contrast(vectors, vectors, torch.tensor([1, 2, 3, 3]), temperature)
    unaware = contrast(vectors, vectors, torch.tensor([1, 2, 3, 4]), temperature)
    assert float(aware) < 1e-6
    assert float(unaware) == pytest.approx(0.5 * np.log(2.0), abs=1e-6)
    # Telling by chance is the logarithm of the number of answers.
    nothing = contrast(torch.zeros(5, 3), torch.zeros(5, 3), torch.arange(5), temperature)
    assert float(nothing) == pytest.approx(np.log(5.0))


def test_statements_of_what_is_not_there_cost_nothing(batch: Prepared) -> None:
    import torch

    from eqdisc.proposers.snip.model import Told
    from eqdisc.proposers.snip.pretrain.losses import told_losses

    truth = tensors(batch)
    right = Told(
        200.0 * truth.operators - 100.0,
        100.0 * torch.nn.functional.one_hot(truth.size, 25),
        100.0 * torch.nn.functional.one_hot(truth.outer, 6),
        torch.where(truth.columns_known[:, :, None], 200.0 * truth.columns_told - 100.0, 55.0),
        torch.where(truth.pairs_known[:, :, None], 200.0 * truth.pairs_told - 100.0, 55.0),
    )
    assert told_losses(right, truth).shape == (7,)
    assert told_losses(right, truth).max() < 1e-6
    assert told_losses(Told(*(-part for part in right)), truth).min() > 1.0


def test_a_training_learns(tmp_path: Path) -> None:
    """On one batch again and again, every part of the loss falls."""
    session = training(tmp_path, Pretraining(steps=40, batch=24, seed=1, warm_up=0.1))
    trained_on = repeat((session._kept(tensors(Source(1, 24).batch(0))), 0))
    found = []
    for _ in range(26):
        session._take(trained_on)
        session._read(under_way=0)
        found.append(session.progress.losses)
    for name in ("contrast", "decoder", "told"):
        assert found[-1][name] < 0.7 * found[0][name]


# ------------------------------------------------------------ batches


def test_held_out_tables_have_skeletons_of_their_own() -> None:
    held_out = Source(5, 6).held_out(40)
    assert len(np.unique(held_out.keys)) == len(held_out.keys) == 40
    assert held_out.points.shape[1] == 128


def test_as_many_tables_are_held_out_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the generator makes the same again it is asked again; where it has nothing else, that is said."""
    drawn = Generator.batch
    again = iter([True, True, False, True])

    def stuttering(generator: Generator, count: int, rows: int | None = None) -> Batch:
        return first if next(again, False) else drawn(generator, count, rows)

    first = drawn(Generator(0, GeneratorSettings(part="held out")), 6, 128)
    monkeypatch.setattr(Generator, "batch", stuttering)
    found = Source(5, 6).held_out(30)
    assert len(np.unique(found.keys)) == len(found.keys) == 30
    monkeypatch.setattr(Generator, "batch", lambda *arguments, **options: first)
    with pytest.raises(OptionError, match=r"30 tables .* are to be held out, 5 were found"):
        Source(5, 6).held_out(30)


def test_labels_are_those_of_the_tables() -> None:
    drawn = Generator(2).batch(20, rows=16)
    found = prepared(drawn)
    assert np.array_equal(found.columns_told[:, :, 0] > 0.5, drawn.relevant)
    assert np.array_equal(found.columns_told[:, :, 1] > 0.5, drawn.periodic)
    for at, (i, j) in enumerate(combinations(range(10), 2)):
        assert np.array_equal(found.pairs_known[:, at], drawn.pairs[:, i, j])
        assert np.array_equal(found.pairs_told[:, at, 0] > 0.5, drawn.additive[:, i, j])
        assert np.array_equal(found.pairs_told[:, at, 1] > 0.5, drawn.multiplicative[:, i, j])


# ------------------------------------------------------------ the loop


def test_what_a_training_writes_is_a_network(tmp_path: Path) -> None:
    seen: list[Progress] = []
    session = training(tmp_path)
    assert session.run(seen.append, lambda: False)
    assert [progress.step for progress in seen] == [1, 2, 3, 4]
    assert seen[-1].share == 1.0
    assert {path.name for path in tmp_path.iterdir()} == FILES
    network = Network.read(tmp_path / "weights.npz")
    assert network.card["steps"] == 4
    assert network.card["tables"] == 32
    assert 0.0 <= network.card["figures"]["recall@10"] <= 1.0
    rounded = weights.rounded(session.model.arrays())
    assert all(np.array_equal(network._layers.arrays[n], rounded[n]) for n in ("latents", "tokens"))
    card = (tmp_path / "card.md").read_text()
    for text in ("32 tables", "| kept away from | nothing |", "recall@10", "relevant", "seed | 3"):
        assert text in card


@pytest.mark.parametrize(("echo", "steps", "at"), [(1, 4, 2), (2, 9, 6)])
def test_a_training_that_goes_on_gives_the_same_numbers(
    tmp_path: Path, echo: int, steps: int, at: int
) -> None:
    settings = replace(SHORT, echo=echo, steps=steps)
    whole = training(tmp_path / "whole", settings)
    whole.run(quietly, lambda: False)
    done: list[int] = []
    first = training(tmp_path / "parts", settings)
    assert not first.run(lambda progress: done.append(progress.step), lambda: len(done) == at)
    second = training(tmp_path / "parts", settings, resume=True)
    assert second.progress.step == at
    assert second.run(lambda progress: done.append(progress.step), lambda: False)
    assert done == list(range(1, steps + 1))
    assert second.progress.losses == whole.progress.losses
    for name, array in whole.model.arrays().items():
        assert np.array_equal(array, second.model.arrays()[name]), name


def test_a_table_is_trained_on_twice_in_two_orders_and_told_as_one(tmp_path: Path) -> None:
    session = training(tmp_path, replace(SHORT, echo=2, steps=7))
    seen: list[Prepared] = []
    step = session._step

    def stepped(batch: Prepared, widths: Sequence[int]) -> Any:
        seen.append(batch)
        return step(batch, widths)

    session._step = stepped  # type: ignore[method-assign]
    session.run(quietly, lambda: False)
    first = Source(SHORT.seed, SHORT.batch, echo=2).batch(0)
    assert np.array_equal(seen[0].tokens, first.tokens)
    assert np.array_equal(seen[5].tokens, first.echo_tokens[:, 0])
    assert not np.array_equal(seen[5].tokens, first.tokens)
    assert not np.array_equal(seen[5].points, first.points)
    assert (session.card()["steps"], session.card()["tables"]) == (7, 6 * 8)
    assert "| times each | 2 |" in (tmp_path / "card.md").read_text()


def test_losses_that_are_read_late_change_nothing_else(tmp_path: Path) -> None:
    """On CUDA the losses of a step are read when the next one is under way."""
    at_once, late = training(tmp_path / "at once"), training(tmp_path / "late")
    late._late = 1
    told: dict[str, list[Progress]] = {"at once": [], "late": []}
    at_once.run(told["at once"].append, lambda: False)
    late.run(told["late"].append, lambda: False)
    assert [progress.step for progress in told["late"]] == [1, 2, 3, 4]
    assert [progress.losses for progress in told["late"]] == [
        {},
        *(progress.losses for progress in told["at once"][:-1]),
    ]
    assert late.progress.losses == at_once.progress.losses
    for name, array in at_once.model.arrays().items():
        assert np.array_equal(array, late.model.arrays()[name]), name


def test_a_step_is_done_on_the_device_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a device whose tensors have no values: one that is elsewhere is refused, and nothing can be asked
    for, which on CUDA would wait for all that is under way."""
    import torch

    from eqdisc.proposers.snip.model import Model
    from eqdisc.proposers.snip.pretrain.echo import again

    monkeypatch.setattr(torch, "autocast", lambda *arguments, **options: nullcontext())
    session = training(tmp_path, replace(SHORT, echo=3))
    session._device = "meta"
    session.model = Model(session.settings.sizes, session.model.arrays(), "meta")
    session._optimizer = session._adam()
    batch, widths = session._kept(tensors(Source(0, 8, echo=3).batch(0)))
    with pytest.raises(RuntimeError, match="device"):
        session._step(tensors(Source(0, 8).batch(0)), widths)
    for time in range(3):
        found = session._step(again(batch, time), widths)
        assert {loss.device.type for loss in found} == {"meta"}


def test_half_precision_is_near(batch: Prepared) -> None:
    import torch

    from eqdisc.proposers.snip.model import Model
    from eqdisc.proposers.snip.pretrain.losses import losses, widths_of

    model, given = Model(SIZES["small"], initial(SIZES["small"], np.random.default_rng(0))), tensors(batch)
    widths = widths_of(given.tokens, 3)
    exact = losses(model, given, widths)
    with torch.autocast("cpu", torch.bfloat16):
        near = losses(model, given, widths)
    assert near != exact
    assert torch.allclose(torch.stack(near), torch.stack(exact), rtol=0.01)
    near.total.backward()
    gradients = [tensor.grad for tensor in model.parameters.values()]
    assert all(gradient is not None and bool(gradient.isfinite().all()) for gradient in gradients)


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize("broken", ["losses", "weights"])
def test_nothing_is_written_of_what_is_no_number(tmp_path: Path, late: int, broken: str) -> None:
    """Neither at the end nor on the way; a loss may be finite where its gradients no longer are."""
    import torch

    session = training(tmp_path)
    session._late = late
    session.machine = replace(HERE, checkpoint_every=0.0 if broken == "weights" else 300.0)
    step = session._step

    def stepped(*arguments: Any) -> Any:
        found = step(*arguments)
        if broken == "losses":
            return found._replace(told=found.told * torch.nan)
        with torch.no_grad():
            session.model.parameters["latents"][0, 0] = torch.inf
        return found

    session._step = stepped  # type: ignore[method-assign]
    with pytest.raises(DataError, match=f"the {broken} are no numbers any more"):
        session.run(quietly, lambda: False)
    assert list(tmp_path.iterdir()) == []


def test_a_training_goes_on_with_its_own_settings_only(tmp_path: Path) -> None:
    session = training(tmp_path)
    session.run(quietly, lambda: True)  # ended before the first step, and written all the same
    training(tmp_path, Pretraining(minutes=1.0, batch=8, held_out=12, seed=3), resume=True)
    with pytest.raises(OptionError, match="has batch 8, got 9; it cannot change"):
        training(tmp_path, Pretraining(steps=4, batch=9, held_out=12, seed=3), resume=True)
    with pytest.raises(DataError, match="there is no training to go on with"):
        training(tmp_path / "elsewhere", resume=True)
    path = tmp_path / "checkpoint.pt"
    content = path.read_bytes()
    for broken in (b"", b"nothing of the kind", content[: len(content) // 2]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match="is no checkpoint, or only part of one"):
            training(tmp_path, resume=True)


def test_a_training_does_not_go_on_with_tables_of_another_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eqdisc.proposers.snip.pretrain import checkpoint

    training(tmp_path).run(quietly, lambda: True)
    monkeypatch.setattr(checkpoint, "VERSION", checkpoint.VERSION + 1)
    with pytest.raises(OptionError, match=r"has generator \d+, got \d+; it cannot change"):
        training(tmp_path, resume=True)


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = training(tmp_path)
    session.run(quietly, lambda: True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    told: list[Progress] = []
    session.machine = Machine("cpu", threads=1, workers=0, checkpoint_every=0.0)
    with pytest.raises(DataError, match=r"checkpoint\.pt cannot be written: No space left on device"):
        session.run(told.append, lambda: False)
    assert session.progress.step == 4  # the training went on all the same
    assert sum("going on without this checkpoint" in progress.warning for progress in told) == 4
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_laws_are_kept_out(tmp_path: Path) -> None:
    path = tmp_path / "excluded.npz"
    Excluded.of(Generator(1).laws(5)).write(path)
    session = training(tmp_path / "out", Pretraining(steps=1, batch=8, held_out=12, exclude=path))
    session.run(quietly, lambda: False)
    card, digest = (tmp_path / "out" / "card.md").read_text(), Excluded.read(path).digest
    assert f"| kept away from | excluded.npz, 5 skeletons, SHA-256 {digest} |" in card
    kept = Network.read(tmp_path / "out" / "weights.npz").card["excluded"]
    assert kept == {"skeletons": 5, "digest": digest}


def test_own_weights_can_be_used_in_a_search(tmp_path: Path) -> None:
    """The bank beside them has the skeletons of the one shipped, but for those excluded, at their places."""
    path = tmp_path / "excluded.npz"
    Excluded.of([parse("x0*exp(2*x1)", ["x0", "x1"])]).write(path)
    session = training(tmp_path / "out", replace(SHORT, steps=1, exclude=path))
    session.run(quietly, lambda: False)
    own = {"weights": str(tmp_path / "out" / "weights.npz"), "bank": str(tmp_path / "out" / "bank.npz")}
    Snip(**own).check()
    known, shipped = knowledge(**own), skeletons_alone()
    assert len(known.bank) == len(shipped) - 1 == len(SKELETONS) - 1
    place = 7
    embedding = known.network.embed_expressions([known.bank.programs.expression(place)])[0]
    assert np.argmax(known.bank.cosines(embedding, np.arange(len(known.bank)))) == place
    with pytest.raises(WeightsError, match="was made with the weights"):
        Snip(weights=own["weights"]).check()


def test_where_no_bank_is_shipped_none_is_written(tmp_path: Path, nothing_shipped: Path) -> None:
    seen: list[Progress] = []
    assert training(tmp_path, replace(SHORT, steps=1)).run(seen.append, lambda: False)
    assert "there is no bank of skeletons" in seen[-1].warning
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"bank.npz"}


def test_laws_kept_out_are_known_by_what_they_are_not_by_their_file(tmp_path: Path) -> None:
    import torch

    from eqdisc.proposers.snip.pretrain import checkpoint

    first, moved = tmp_path / "excluded.npz", tmp_path / "moved.npz"
    Excluded.of(Generator(1).laws(5)).write(first)
    settings = replace(SHORT, exclude=first)
    training(tmp_path / "out", settings).save()
    first.rename(moved)
    assert training(tmp_path / "out", replace(settings, exclude=moved), resume=True).progress.step == 0
    Excluded.of(Generator(2).laws(5)).write(first)
    with pytest.raises(OptionError, match=r"keeps out other laws .*excluded\.npz.*start anew"):
        training(tmp_path / "out", settings, resume=True)
    with pytest.raises(OptionError, match=r"keeps out other laws .*given now \(nothing\)"):
        training(tmp_path / "out", SHORT, resume=True)

    path = tmp_path / "out" / checkpoint.FILE  # as it was before the content was kept
    state = torch.load(path, weights_only=True)
    del state["settings"]["excluded"]
    torch.save(state, path)
    assert training(tmp_path / "out", settings, resume=True).progress.step == 0
    with pytest.raises(OptionError, match=r"has exclude .*excluded\.npz, got .*moved\.npz; it cannot change"):
        training(tmp_path / "out", replace(settings, exclude=moved), resume=True)


def aliens() -> dict[str, Any]:
    import torch

    from eqdisc.proposers.snip.pretrain.checkpoint import FORMAT

    empty = {"format": FORMAT, "settings": {}, "step": 1, "seconds": 0, "parameters": {}, "optimizer": {}}
    return {
        "weights of another": {"layer.weight": torch.zeros(3)},
        "an array": torch.zeros(3),
        "a network": torch.nn.Linear(2, 2),
        "half of ours": {"format": FORMAT, "step": 3},
        "other kinds": {**empty, "settings": 3},
        "more": {**empty, "epoch": 3},
    }


@pytest.mark.parametrize("kind", [*(aliens() if find_spec("torch") else ()), "a text", "bytes"])
def test_a_file_of_another_is_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    import torch

    path = tmp_path / "checkpoint.pt"
    if kind in ("a text", "bytes"):
        path.write_bytes(b"lr: 0.1\n" if kind == "a text" else bytes(range(256)))
    else:
        torch.save(aliens()[kind], path)
    done = CliRunner().invoke(app, ["pretrain", "--out", str(tmp_path), "--steps", "2", "--resume"])
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("error: ")
    assert "is no checkpoint" in done.stderr


def test_the_learning_rate_grows_and_falls(tmp_path: Path) -> None:
    session = training(tmp_path, Pretraining(steps=100, batch=8, warm_up=0.1))
    rates = []
    for step in range(100):
        session.progress = type(session.progress)(step=step)
        rates.append(session._rate())
    assert np.argmax(rates) == 9
    assert rates[0] == pytest.approx(0.1 * 1e-3, rel=0.01)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)


# ------------------------------------------------------------ the command


@pytest.fixture
def few_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring on as many tables as the command holds out takes longer than all else."""
    held_out = Source.held_out
    monkeypatch.setattr(Source, "held_out", lambda source, tables: held_out(source, min(tables, 12)))


@pytest.mark.usefixtures("few_held_out")
def test_the_command(tmp_path: Path) -> None:
    out = tmp_path / "new" / "weights"
    options = [
        "pretrain",
        "--out",
        str(out),
        "--batch",
        "4",
        "--workers",
        "0",
        "--device",
        "cpu",
        "--threads",
        "1",
    ]
    done = CliRunner().invoke(app, [*options, "--steps", "2"])
    assert done.exit_code == 0, done.output
    assert "2 steps" in done.stdout
    assert "tables/s  waited for tables" in done.stderr
    assert Network.read(out / "weights.npz").card["steps"] == 2
    again = CliRunner().invoke(app, [*options, "--steps", "2"])
    assert again.exit_code == 2
    assert "--resume, or replace it by --overwrite" in again.stderr
    resumed = CliRunner().invoke(app, [*options, "--steps", "3", "--resume", "--quiet"])
    assert (resumed.exit_code, resumed.stderr) == (0, "")
    assert Network.read(out / "weights.npz").card["steps"] == 3


@pytest.mark.parametrize(("options", "echo"), [((), 4), (("--echo", "3"), 3)])
def test_on_cuda_each_batch_is_trained_on_several_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], echo: int
) -> None:
    from eqdisc.proposers.snip.pretrain import trainer

    class Told(Exception):  # noqa: N818
        """With the settings, in place of a device."""

    def refuse(settings: Pretraining, *_: Any) -> None:
        raise Told(settings)

    monkeypatch.setattr(trainer, "device_of", lambda machine: "cuda")
    monkeypatch.setattr(trainer, "Training", refuse)
    with pytest.raises(Told) as told:
        CliRunner().invoke(
            app, ["pretrain", "--out", str(tmp_path), "--steps", "1", *options], catch_exceptions=False
        )
    assert told.value.args[0].echo == echo


def test_the_first_interrupt_ends_after_the_step_the_second_at_once() -> None:
    outside = signal.getsignal(signal.SIGINT)
    with cli_pretrain._stopper() as stopped:
        assert not stopped()
        signal.raise_signal(signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is outside


@pytest.mark.usefixtures("few_held_out")
def test_a_training_that_was_interrupted_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_pretrain, "_stopper", lambda: nullcontext(lambda: True))
    options = ["--batch", "4", "--workers", "0", "--device", "cpu", "--threads", "1"]
    found = CliRunner().invoke(app, ["pretrain", "--out", str(tmp_path), "--minutes", "5", *options])
    assert found.exit_code == 130
    assert found.stdout.startswith("0 steps in 0.0 minutes")
    assert {path.name for path in tmp_path.iterdir()} == FILES


BAD = {
    "there is no network of size 'tiny'": ["--size", "tiny"],
    "either minutes or steps, and not both": ["--minutes", "1", "--steps", "1"],
    "the minutes are 0.0": ["--minutes", "0"],
    "the steps are 0": ["--steps", "0"],
    "a batch holds 1 tables": ["--batch", "1"],
    "the echo is 0": ["--echo", "0"],
    "the seed is -1": ["--seed", "-1"],
    "--device is 'tpu'": ["--device", "tpu"],
    "the threads are 0": ["--threads", "0"],
    "the workers are -1": ["--workers", "-1"],
    "the device cuda was asked for": ["--device", "cuda"],
    "there is no training to go on with": ["--resume"],
    "none.npz": ["--exclude", "none.npz"],
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options_get_one_line(message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = CliRunner().invoke(app, ["pretrain", "--out", str(tmp_path), *BAD[message]])
    assert found.exit_code == 2
    assert found.stderr.startswith("error: ")
    assert message in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
