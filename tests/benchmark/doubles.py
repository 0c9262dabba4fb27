"""Test doubles: tasks that cost nothing and contestants that misbehave in every way a contestant can."""

import os
import re
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from eqdisc.benchmark.method import Answer, Budget
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset


@dataclass(frozen=True)
class Line:
    """y = slope * x0 at 20 rows."""

    slope: float

    def __call__(self, seed: int) -> Split:
        x = np.random.default_rng(seed).uniform(1.0, 2.0, (30, 2))
        table = Dataset.of(x, self.slope * x[:, 0], ["x0", "x1"])
        return Split(table.take(np.arange(20)), None, table.take(np.arange(20, 30)))


@dataclass(frozen=True)
class NoData:
    def __call__(self, seed: int) -> Split:
        raise OSError("the table is gone")


def line(name: str, slope: float = 2.0, suite: str = "lines", **facts: object) -> Task:
    domain = {"x0": (1.0, 2.0), "x1": (1.0, 2.0)}
    return Task(
        name, suite, ("x0", "x1"), "y", f"{slope!r}*x0", domain, Line(slope), relevant=("x0",), **facts
    )  # type: ignore[arg-type]


def lines(count: int = 3, name: str = "lines") -> Suite:
    return Suite(name, "straight lines", tuple(line(f"line-{n}", suite=name) for n in range(count)))


@dataclass(frozen=True)
class Double:
    """A contestant that answers `2*x0`."""

    name: str = "double"

    def available(self) -> str | None:
        return None

    def version(self) -> str:
        return "1.0"

    def warm_up(self) -> None:
        pass

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        return Answer("2*x0", partial(_line, 2.0), {"seed": seed, "threads": os.environ["OMP_NUM_THREADS"]})


def _line(slope: float, features: np.ndarray) -> np.ndarray:
    return slope * features[:, 0]


@dataclass(frozen=True)
class Shows(Double):
    """Tells the rows that it was given."""

    name: str = "shows"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        return Answer("2*x0", partial(_line, 2.0), {"features": train.features.tolist()})


@dataclass(frozen=True)
class Wrong(Double):
    """Answers with the input that does not matter."""

    name: str = "wrong"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        return Answer("3*x1", partial(_line, 3.0))


@dataclass(frozen=True)
class Unreadable(Double):
    name: str = "unreadable"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        return Answer("2*(x0 +", partial(_line, 2.0))


@dataclass(frozen=True)
class NoFormula(Double):
    name: str = "no-formula"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        return Answer(None, partial(_line, 2.0))


@dataclass(frozen=True)
class Raises(Double):
    name: str = "raises"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        raise ArithmeticError("no luck today")


@dataclass(frozen=True)
class Dies(Double):
    """Its process ends amid the search, with a complaint."""

    name: str = "dies"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        os.write(2, b"a native library gave up\n")
        os.abort()


@dataclass(frozen=True)
class Hangs(Double):
    """Never ends, and has a child that would not either."""

    name: str = "hangs"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        import subprocess
        import sys

        subprocess.run([sys.executable, "-c", "import time; time.sleep(3600)"], check=True)
        raise AssertionError


@dataclass(frozen=True)
class Hungry(Double):
    """Takes a GiB of memory and more."""

    name: str = "hungry"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        held = []
        while True:
            held.append(np.ones(4_000_000))
            time.sleep(0.02)


@dataclass(frozen=True)
class Prints(Double):
    """Prints to standard output, from Python and from below it, and reads standard input."""

    name: str = "prints"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        import sys

        print("iteration 1", flush=True)
        os.write(1, b"\x00\x01 from C")
        assert sys.stdin.read() == ""
        return super().solve(train, budget, seed, validation)


@dataclass(frozen=True)
class NotHere(Double):
    name: str = "not-here"

    def available(self) -> str | None:
        return 'it is not installed; pip install "not-here"'


@dataclass(frozen=True)
class Slow(Double):
    """Takes `seconds`, and leaves the name of each run it begins in a folder."""

    seconds: float = 1.0
    folder: str = ""
    name: str = "slow"

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        if self.folder:
            Path(self.folder, f"{seed}-{os.getpid()}").touch()
        time.sleep(self.seconds)
        return super().solve(train, budget, seed, validation)


@dataclass(frozen=True)
class Spy(Double):
    """Looks for a pattern in all the memory of its process: counts the places where it stands."""

    pattern: str = ""
    name: str = "spy"
    seen: dict[str, int] = field(default_factory=dict, hash=False, compare=False)

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        return Answer("2*x0", partial(_line, 2.0), {"found": self.search(), "rows": train.n_rows})

    def search(self) -> int:
        wanted = re.compile(self.pattern.encode())
        found = 0
        with Path("/proc/self/mem").open("rb", buffering=0) as memory:
            for entry in Path("/proc/self/maps").read_text().splitlines():
                span, rights, *_ = entry.split()
                if not rights.startswith("rw") or entry.endswith("[vvar]"):
                    continue
                start, end = (int(bound, 16) for bound in span.split("-"))
                try:
                    memory.seek(start)
                    found += len(wanted.findall(memory.read(end - start)))
                except OSError:
                    continue
        return found
