"""The loop of training, and what it leaves in its folder."""

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from eqdisc.atomic import write_bytes
from eqdisc.errors import DataError, OptionError, WeightsError
from eqdisc.proposers.snip import weights
from eqdisc.proposers.snip.architecture import Arrays, initial
from eqdisc.proposers.snip.bank import digest_of
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.knowledge import skeletons_alone
from eqdisc.proposers.snip.model import Model
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.pretrain import checkpoint
from eqdisc.proposers.snip.pretrain.bank import embedded_anew
from eqdisc.proposers.snip.pretrain.card import card_of, card_text
from eqdisc.proposers.snip.pretrain.checkpoint import Checkpoint
from eqdisc.proposers.snip.pretrain.echo import again, echoed, oldest
from eqdisc.proposers.snip.pretrain.loading import batches
from eqdisc.proposers.snip.pretrain.losses import Losses, losses, widths_of
from eqdisc.proposers.snip.pretrain.settings import Machine, Pretraining
from eqdisc.proposers.snip.pretrain.step import Step, event
from eqdisc.proposers.snip.pretrain.supply import Prepared, Source
from eqdisc.proposers.snip.pretrain.validation import validate

#: A batch on the device, and the `widths` of `losses`; they are the same for all times.
Kept = tuple[Prepared, list[int]]
WEIGHTS, CARD, BANK = "weights.npz", "card.md", "bank.npz"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is.

    step, share, seconds : steps done, share of all, seconds spent on them (with those before an interruption)
    rate    : tables a second, each counted as often as it was trained on
    waited  : share of the time that the network waited for tables, the start of their makers counted
    losses  : by name, of the last step, on CUDA of the one before it; empty before the first
    figures : by name, of the last validation; empty before the first
    warning : what went wrong without ending the training; empty for nothing
    """

    step: int = 0
    share: float = 0.0
    seconds: float = 0.0
    rate: float = 0.0
    waited: float = 0.0
    losses: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    warning: str = ""


class Training:
    """One training: its model, optimiser, clock.

    folder : where checkpoints, weights and card go; made if it is not there
    DataError or OptionError where `resume` finds no checkpoint of these settings, or the device is not there.
    """

    def __init__(self, settings: Pretraining, machine: Machine, folder: Path, resume: bool = False) -> None:
        self.settings, self.machine, self.folder = settings, machine, folder
        self._device = device_of(machine)
        if self._device == "cpu":
            torch.set_num_threads(machine.threads or min(2, os.cpu_count() or 1))
        else:
            torch.set_float32_matmul_precision("high")
        self._excluded = excluded = None if settings.exclude is None else Excluded.read(settings.exclude)
        self._source = Source(settings.seed, settings.batch, excluded, settings.echo)
        self._told = checkpoint.told(settings, excluded)
        before = checkpoint.read(folder, settings, excluded) if resume else None
        arrays = before.arrays() if before else _fresh(settings)
        self.model = Model(settings.sizes, arrays, self._device)
        self._optimizer = self._adam()
        if before is not None:
            try:
                self._optimizer.load_state_dict(dict(before.optimizer))
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise DataError(f"{folder / checkpoint.FILE} is damaged: its optimiser ({error})") from error
            for group in self._optimizer.param_groups:
                group["fused"] = self._device == "cuda"  # it may have been another device before
        self.progress = Progress(before.step, 0.0, before.seconds) if before else Progress()
        self._before = self.progress.seconds
        self._first = self.progress.step
        self._held_out: Prepared | None = None
        self._under_way: deque[Step] = deque()  # steps whose losses were not read yet
        # CUDA computes a step while the one before it is read, and has no pause between them.
        self._late = 1 if self._device == "cuda" else 0
        self._last: Step | None = None
        self._started, self._waited, self._asked = time.monotonic(), 0.0, 0.0

    def run(self, tell: Callable[[Progress], None], stopped: Callable[[], bool]) -> bool:
        """Train to the end of the settings or until `stopped`; whether the end was reached.

        Writes checkpoints on the way (one that cannot be written is told as a warning, the one before stays)
        and at the end checkpoint, weights, card and bank (DataError where they cannot be written).
        """
        self._started = saved = time.monotonic()
        self._waited = 0.0
        workers = workers_of(self.machine, self._device)
        if workers > 1:
            self._source.compile()
        first, echo = self._first, self.settings.echo
        with closing(batches(self._source, oldest(first, echo), workers, self._device == "cuda")) as supply:
            trained_on = echoed(self._timed(supply), first, echo, self._kept)
            while self._share() < 1.0 and not stopped():
                self._take(trained_on)
                self._read(self._late)
                tell(self.progress)
                if time.monotonic() - saved >= self.machine.checkpoint_every:
                    self._save_on_the_way()
                    tell(self.progress)
                    saved = time.monotonic()
        self.save()
        self._write_bank(tell)
        return self._share() >= 1.0

    def save(self) -> None:
        """Validate, and write checkpoint, weights and card; DataError where they cannot be written, or where
        losses or weights are no numbers any more."""
        self._check()
        parameters = {name: tensor.detach().cpu() for name, tensor in self.model.parameters.items()}
        state = Checkpoint(
            self._told, self.progress.step, self.progress.seconds, parameters, self._optimizer.state_dict()
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self.folder / checkpoint.FILE, state.packed())
        card = self.card()
        content = weights.packed(self.model.arrays(), self.settings.sizes, card)
        write_bytes(self.folder / WEIGHTS, content)
        write_bytes(self.folder / CARD, card_text(card).encode())

    def _write_bank(self, tell: Callable[[Progress], None]) -> None:
        """The skeletons that come with the package at the places that these weights give them, for a search;
        where there are none, a warning."""
        path = self.folder / WEIGHTS
        try:
            known = skeletons_alone()
        except WeightsError as error:
            self.progress = replace(self.progress, warning=f"{error}; no {BANK} is written")
            tell(self.progress)
            return
        with threadpool_limits(1, user_api="blas"):
            bank = embedded_anew(known, Network.read(path), digest_of(path), self._excluded)
        bank.write(self.folder / BANK)

    def card(self) -> dict[str, Any]:
        """What is to be known of the weights as they are now; measures them."""
        if self._held_out is None:
            self._held_out = self._source.held_out(self.settings.held_out)
        figures = validate(self.model, self._held_out, self._device)
        self.progress = replace(self.progress, figures=figures)
        return card_of(self.settings, self._excluded, self.progress, self._device, len(self._held_out.tokens))

    # ------------------------------------------------------------ steps

    def _timed(self, supply: Iterator[Prepared]) -> Iterator[Prepared]:
        """The batches, and in `_asked` the seconds that were waited for those of a step."""
        while True:
            asked = time.monotonic()
            batch = next(supply)
            self._asked += time.monotonic() - asked
            yield batch

    def _kept(self, batch: Prepared) -> Kept:
        """What is kept of a batch for all its times."""
        parts: tuple[Any, ...] = batch
        on_device = Prepared(*(part.to(self._device, non_blocking=True) for part in parts))
        return on_device, widths_of(batch.tokens, self.settings.parts)

    def _take(self, trained_on: Iterator[tuple[Kept, int]]) -> None:
        """Hand a step to the device."""
        self._asked = 0.0
        (batch, widths), turn = next(trained_on)
        came = event() if self._device == "cuda" else None
        found = self._step(again(batch, turn), widths)
        number = self.progress.step + 1
        self._under_way.append(Step.of(number, found, self._asked, came, self._last))
        self._last = self._under_way[-1]
        self._advance(time.monotonic() - self._started)

    def _step(self, batch: Prepared, widths: Sequence[int]) -> Losses:
        """The losses of a batch on the device, before the step that they lead to; `widths` as of `losses`."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        with torch.autocast("cuda", torch.bfloat16, enabled=self._device == "cuda"):
            found = losses(self.model, batch, widths)
        self._optimizer.zero_grad(set_to_none=True)
        found.total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters.values(), self.settings.clip)
        self._optimizer.step()
        return found

    def _advance(self, seconds: float) -> None:
        """A step more is done, or handed to the device, after so many seconds of this run."""
        step = self.progress.step + 1
        self.progress = replace(
            self.progress,
            step=step,
            seconds=self._before + seconds,
            rate=(step - self._first) * self.settings.batch / seconds,
            warning="",
        )
        self.progress = replace(self.progress, share=self._share())

    def _read(self, under_way: int) -> None:
        """Read the losses of all steps but so many; DataError where one is no number."""
        while len(self._under_way) > under_way:
            step = self._under_way.popleft()
            self._waited += step.waited()
            waited = self._waited / (self.progress.seconds - self._before)
            self.progress = replace(self.progress, losses=step.losses(), waited=waited)

    def _share(self) -> float:
        return self.settings.share(self.progress.step, self.progress.seconds)

    def _rate(self) -> float:
        """Learning rate of the next step: growing, then falling as a cosine to the end of the training."""
        share = self.settings.share(self.progress.step + 1, self.progress.seconds)
        grown = min(1.0, share / self.settings.warm_up) if self.settings.warm_up else 1.0
        return self.settings.rate * grown * 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))

    def _adam(self) -> torch.optim.Optimizer:
        matrices: list[torch.Tensor] = []
        others: list[torch.Tensor] = []
        for name, tensor in self.model.parameters.items():
            (matrices if name.endswith("weight") and tensor.ndim == 2 else others).append(tensor)
        groups = [
            {"params": matrices, "weight_decay": self.settings.decay},
            {"params": others, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=self._device == "cuda")

    def _check(self) -> None:
        """DataError where losses or weights are no numbers any more: nothing of them is to be written."""
        self._read(under_way=0)
        if not all(bool(tensor.isfinite().all()) for tensor in self.model.parameters.values()):
            raise DataError(f"the weights are no numbers any more after step {self.progress.step}")

    def _save_on_the_way(self) -> None:
        self._check()
        try:
            self.save()
        except DataError as error:
            self.progress = replace(self.progress, warning=f"{error}; going on without this checkpoint")


def _fresh(settings: Pretraining) -> Arrays:
    return initial(settings.sizes, np.random.default_rng(settings.seed))


def device_of(machine: Machine) -> str:
    """Where to train, cpu or cuda; OptionError where CUDA is asked for and not there."""
    there = torch.cuda.is_available()
    if machine.device == "cuda" and not there:
        raise OptionError("the device cuda was asked for, but PyTorch finds none here; say cpu or auto")
    return "cuda" if there and machine.device != "cpu" else "cpu"


def workers_of(machine: Machine, device: str) -> int:
    """Processes that make tables."""
    if machine.workers is not None:
        return machine.workers
    return 1 if device == "cpu" else max(1, (os.cpu_count() or 2) - 1)
