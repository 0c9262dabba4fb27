"""What the L0.5 penalty earns in pruning: prints the table of pruning.md.

    python benchmarks/dysymnet/pruning.py [--networks 100]

Each law is embedded in wider networks, with further units and edges of small weights, as the search does;
these are fitted to a table of 200 rows and pruned. A law is uncovered where no more units and edges are left
than it has itself and the residual is rounding, or, where there is noise, at most a tenth above that of the
law. Milliseconds of one core to fit and prune one network.
"""

import argparse
import time

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.dysymnet.hall import embeddings
from eqdisc.proposers.dysymnet.kernels.pruning import complexity
from eqdisc.proposers.dysymnet.session import NetworkSession
from eqdisc.scoring.candidate import Candidate

LAWS = (
    "sin(1.7*a)*b + 0.5*b**2",
    "exp(-0.7*a)*cos(3*b)",
    "a*b/(1.3 + a**2)",
    "sqrt(a**2 + 2*b**2) - 0.4*a",
    "2.5*log(1 + a*b) + 0.3*b",
    "tanh(a - 0.6*b) + 0.2*a*b",
)
PENALTIES = (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 1e-1)
OPERATORS = OperatorSet.parse("+ - * / sqrt exp log sin cos tanh square cube")
ROWS = 200


def table(text: str, noise: float, seed: int) -> Dataset:
    """Rows of a law with noise, a share of its standard deviation."""
    random = np.random.default_rng(seed)
    features = random.uniform(0.3, 3.0, (ROWS, 2))
    target = evaluate(parse(text, ["a", "b"]), features)
    return Dataset.of(features, target + noise * np.std(target) * random.normal(size=ROWS), ["a", "b"])


def uncovered(text: str, noise: float, penalty: float, networks: int) -> tuple[int, float]:
    """How many of the networks were pruned to the law, and the seconds it took."""
    rows = table(text, noise, 0)
    session = DySymNet(penalty=penalty).start(
        Problem.of(rows, OPERATORS, 40, 0), np.random.SeedSequence(0), 1
    )
    assert isinstance(session, NetworkSession)
    session.prepare()
    session.observe([Candidate(parse(text, ["a", "b"]), 1.0, None, 1, "a law")])
    bases = session._hall.networks()
    assert bases is not None, text
    drawn = embeddings(bases, networks, session._policy, np.random.default_rng(1))
    alone = session._workshop.widened(drawn._replace(extra=np.full_like(drawn.extra, -1), chance=0.0))
    session._workshop.fit(alone, 0, 100)
    began = time.process_time()
    fits = session._workshop.widened(drawn)
    session._workshop.fit(fits, session._settings.attempts, session._settings.more_attempts)
    session._prune(fits)
    seconds = time.process_time() - began
    enough = max(1.1 * float(np.min(alone.losses)), 1e-20 * session._rows.variance)
    found = (fits.losses <= enough) & (fits.sizes <= complexity(bases.one(0)))
    return int(np.sum(found)), seconds


def main() -> None:
    """Parse the command line, prune, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--networks", type=int, default=100, help="of each law")
    given = parser.parse_args()
    total = given.networks * len(LAWS)
    print(f"Uncovered of {total} networks, ms for one\n")
    print(f"| noise | {' | '.join(f'{penalty:g}' for penalty in PENALTIES)} |")
    print("|---|" + "---|" * len(PENALTIES))
    with threadpool_limits(1, user_api="blas"):
        for noise in (0.0, 0.01, 0.1):
            cells = []
            for penalty in PENALTIES:
                each = [uncovered(law, noise, penalty, given.networks) for law in LAWS]
                seconds = sum(spent for _, spent in each)
                cells.append(f"{sum(count for count, _ in each)}, {1000.0 * seconds / total:.2f}")
            print(f"| {noise:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
