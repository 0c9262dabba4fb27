"""`eqdisc pretrain`: train the network that reads tables."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eqdisc.cli.common import INTERRUPTED, Overwrite, Quiet, exit_codes
from eqdisc.errors import OptionError

if TYPE_CHECKING:
    from eqdisc.proposers.snip.pretrain.trainer import Progress

_INTERVAL = 10.0  # seconds between lines where there is no terminal


def pretrain(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where weights, bank, card and checkpoint go.")],
    minutes: Annotated[float | None, typer.Option(help="How long to train; 90 without --steps.")] = None,
    steps: Annotated[int | None, typer.Option(help="Exactly so many steps, whatever the clock says.")] = None,
    size: Annotated[str, typer.Option(help="small, medium or large.")] = "small",
    batch: Annotated[int, typer.Option(help="Tables of a step.")] = 256,
    echo: Annotated[
        int | None,
        typer.Option(
            help="How often each batch is trained on, its columns in an order drawn anew each time; if not "
            "given 1 on a CPU, 4 on CUDA, which may train faster than tables are made."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the tables and of the weights to start from.")] = 0,
    exclude: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Laws to keep out of the tables: an NPZ file.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads of PyTorch on a CPU; 2 if not given.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that make tables; if not given 1 on a CPU, for CUDA all cores but one."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in the folder.")] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Train the network that reads tables, on laws made at random; needs PyTorch."""
    with exit_codes():
        if find_spec("torch") is None:
            raise OptionError("pretraining needs PyTorch, which is not here: pip install 'eqdisc[pretrain]'")
        # Threads that wait in a loop take the cores from those that work: on two shared cores a step took
        # five times the CPU time. PyTorch reads this when it is imported.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from eqdisc.proposers.snip.pretrain.settings import DEVICES, ECHOES, Machine, Pretraining
        from eqdisc.proposers.snip.pretrain.trainer import Training, device_of

        if device not in DEVICES:
            raise OptionError(f"--device is {device!r}; wanted {', '.join(DEVICES)}")
        _check_folder(out, resume, overwrite)
        if minutes is None and steps is None:
            minutes = 90.0
        machine = Machine(device, threads, workers)
        echo = ECHOES[device_of(machine)] if echo is None else echo
        settings = Pretraining(minutes, steps, size, batch, echo, seed, exclude)
        training = Training(settings, machine, out, resume)
        with _stopper() as stopped, _teller(quiet) as tell:
            complete = training.run(tell, stopped)
    figures = training.progress.figures
    typer.echo(
        f"{training.progress.step} steps in {training.progress.seconds / 60.0:.1f} minutes, recall@10 "
        f"{figures['recall@10']:.1%}; {out / 'weights.npz'} is written, {out / 'card.md'} tells more"
    )
    if not complete:
        raise typer.Exit(INTERRUPTED)


def _check_folder(out: Path, resume: bool, overwrite: bool) -> None:
    if (out / "checkpoint.pt").exists() and not (resume or overwrite):
        raise OptionError(f"{out} holds a training; go on with it by --resume, or replace it by --overwrite")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise OptionError(f"nothing can be written to the folder {out}: {error.strerror}") from error


@contextmanager
def _stopper() -> Iterator[Callable[[], bool]]:
    """Within, the first Ctrl-C asks the training to end after its step, the second ends it at once."""
    asked = False

    def ask(signum: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    outside = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, outside)


@contextmanager
def _teller(quiet: bool) -> Iterator[Callable[["Progress"], None]]:
    """What tells of progress on standard error: one line drawn over in a terminal, else some lines."""
    if quiet:
        yield lambda progress: None
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines()
        return
    with console.status("starting", spinner="dots") as status:

        def tell(progress: "Progress") -> None:
            if progress.warning:
                console.print(progress.warning, markup=False)
            status.update(line(progress))

        yield tell


class _Lines:
    """Tells by lines, not more than one in ten seconds but for warnings."""

    def __init__(self) -> None:
        self._last = -float("inf")

    def __call__(self, progress: "Progress") -> None:
        if progress.warning:
            print(progress.warning, file=sys.stderr, flush=True)
        if time.monotonic() - self._last >= _INTERVAL:
            self._last = time.monotonic()
            print(line(progress), file=sys.stderr, flush=True)


def line(progress: "Progress") -> str:
    """Progress in one line: share, step, speed, waiting, losses, and the retrieval measured last."""
    told = [f"{progress.share:6.1%}  step {progress.step}  {progress.rate:,.0f} tables/s"]
    told += [f"waited for tables {progress.waited:.0%}"]
    told += [f"{name} {value:.3f}" for name, value in progress.losses.items()]
    told += [f"{name} {progress.figures[name]:.1%}" for name in progress.figures if name.startswith("recall")]
    return "  ".join(told)
