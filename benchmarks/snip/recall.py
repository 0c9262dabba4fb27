"""What the pretrained network knows of tables it has not seen: the tables of recall.md.

    python -m benchmarks.snip.recall [--tables 200] [--bank 10000] [--weights weights.npz] \\
        [--exclude excluded.npz]

Tables of 128 rows of laws whose skeletons no training saw (`GeneratorSettings(part="held out")`), half of
them with noise of 0.1 to 10 % as in training. Retrieval: the place of the law's skeleton among so many, all
numbered as the columns are, in the order of the likeness of embeddings, of the squared correlation of one
draw of its constants with the target, of both (the better of the two places), and among those with the law's
very inputs in random order. Decoder: the law's skeleton itself among samples, and after fitting the best of
them on rows that were not fitted. Heads: areas under the curve, and how far probabilities are from
frequencies.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import DEFAULT_OPERATORS, OPERATORS, OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.snip.batch import OUTER, Batch
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.fitting import Fitter
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.knowledge import network_and_digest
from eqdisc.proposers.snip.look import Look
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.pretrain.validation import auc
from eqdisc.proposers.snip.settings import SHIPPED
from eqdisc.proposers.snip.vocabulary import CONSTANT, decode, encode, keys_of

PLACES = (1, 10, 100, 500)
SAMPLES = (1, 32, 256)
FITTED_ROWS = 96  # of 128; the others judge
EXACT, CLOSE = 1e-9, 1e-2  # of the variance that is left


@dataclass(frozen=True)
class Candidates:
    """N skeletons that could be a table's: trees with one draw of constants, tokens, embeddings."""

    trees: list[Expression]
    tokens: list[list[int]]
    embeddings: AnyArray


def candidates_of(network: Network, count: int, truths: Batch, excluded: Excluded | None) -> Candidates:
    """The truths first, then laws of a generator of another seed; all constants drawn anew."""
    rng = np.random.default_rng(1)
    laws = Generator(17, excluded=excluded).laws(count - len(truths.tokens))
    pool = np.concatenate([law.constants for law in laws])
    trees = [decode(row[: np.flatnonzero(row)[-1] + 1].tolist()) for row in truths.tokens] + laws
    trees = [law.with_constants(rng.choice(pool, len(law.constants))) for law in trees]
    known = [(tree, tokens) for tree in trees if (tokens := encode(tree)) is not None]
    trees, tokens = [tree for tree, _ in known], [tokens for _, tokens in known]
    return Candidates(trees, tokens, network.embed_expressions(trees))


def places(scores: AnyArray, rng: np.random.Generator) -> AnyArray:
    """(N,) place of each candidate, the highest score first, those alike and NaN last in random order."""
    order = np.lexsort((rng.random(len(scores)), -np.nan_to_num(scores, nan=-1.0)))
    found = np.empty(len(scores), np.int64)
    found[order] = np.arange(len(scores))
    return found


def correlation(candidates: Candidates, features: FloatArray, target: FloatArray) -> FloatArray:
    """(N,) squared correlation of each candidate's values with the target; NaN where one is not finite."""
    with np.errstate(all="ignore"):
        values = predict_programs(Programs.pack(candidates.trees), features)
        centred = values - values.mean(axis=1, keepdims=True)
        aim = target - target.mean()
        found: FloatArray = (centred @ aim) ** 2 / ((centred**2).sum(axis=1) * (aim @ aim))
    return found


def retrieval(network: Network, batch: Batch, looks: Sequence[Look], candidates: Candidates) -> str:
    """A line for each way to look for the law."""
    rng = np.random.default_rng(2)
    shuffled = rng.permutation(len(looks))
    untrained = Network.random(1)
    random = untrained.embed_expressions(candidates.trees)
    inside = np.array([CONSTANT in tokens for tokens in candidates.tokens[: len(looks)]])
    used = [frozenset(tree.features) for tree in candidates.trees]
    found: dict[str, list[int]] = {}
    for k, look in enumerate(looks):
        features, target = _table(batch, k)
        by_place = places(candidates.embeddings @ look.embedding, rng)
        by_values = places(correlation(candidates, features, target), rng)
        known = np.array([1.0 if inputs == used[k] else 0.0 for inputs in used])
        ranks = {
            "embedding": by_place,
            "correlation": by_values,
            "both": places(-np.minimum(by_place, by_values).astype(float), rng),
            "the law's inputs, random order": places(known, rng),
            "embedding of another table": places(candidates.embeddings @ looks[shuffled[k]].embedding, rng),
            "untrained network": places(random @ untrained.look(features, target).embedding, rng),
        }
        for name, rank in ranks.items():
            found.setdefault(name, []).append(int(rank[k]))
    heads = " | ".join(f"R@{place} %" for place in PLACES)
    lines = [f"| tables | way | {heads} |", "|---" * (2 + len(PLACES)) + "|"]
    for title, chosen in (
        ("all", np.ones(len(looks), np.bool_)),
        ("laws with constants inside", inside),
        ("laws without", ~inside),
    ):
        for name, ranks_of in found.items():
            here = np.array(ranks_of)[chosen]
            shares = " | ".join(f"{100 * np.mean(here < place):.0f}" for place in PLACES)
            lines.append(f"| {title} ({chosen.sum()}) | {name} | {shares} |")
    return "\n".join(lines)


def decoding(network: Network, batch: Batch, looks: Sequence[Look]) -> str:
    """A line for each number of samples."""
    rng = np.random.default_rng(3)
    counts: dict[tuple[int, str], list[bool]] = {}
    for k, look in enumerate(looks):
        features, target = _table(batch, k)
        drawn = network.sample(look, max(SAMPLES), rng)
        tokens = [encode(law) for law in drawn]
        same = [each is not None and _key(each) == batch.keys[k] for each in tokens]
        for number in SAMPLES:
            left = unexplained(features, target, drawn[:number])
            counts.setdefault((number, "itself"), []).append(any(same[:number]))
            counts.setdefault((number, "exact"), []).append(left < EXACT)
            counts.setdefault((number, "close"), []).append(left < CLOSE)
    lines = ["| samples | the law itself % | exact after fitting % | R2 > 0.99 after fitting % |"]
    lines.append("|---" * 4 + "|")
    for number in SAMPLES:
        shares = (100 * np.mean(counts[number, what]) for what in ("itself", "exact", "close"))
        lines.append(f"| {number} | " + " | ".join(f"{share:.1f}" for share in shares) + " |")
    return "\n".join(lines)


def unexplained(features: FloatArray, target: FloatArray, skeletons: Sequence[Expression]) -> float:
    """Share of the variance on left-out rows that the best fitted skeleton leaves, chosen by the others."""
    train = Dataset.of(features[:FITTED_ROWS], target[:FITTED_ROWS])
    operators = OperatorSet.parse(f"{DEFAULT_OPERATORS} {' '.join(row.name for row in OPERATORS)}")
    fitter = Fitter(Problem(train, train, None, operators, 60), 4, 16)
    fits = fitter.fitted(fitter.fresh(skeletons), np.random.default_rng(0))
    if not fits:
        return np.inf
    best = min(fits, key=lambda fit: fit.loss).law
    judging = features[FITTED_ROWS:], target[FITTED_ROWS:]
    with np.errstate(all="ignore"):
        left = np.mean((evaluate(best, judging[0]) - judging[1]) ** 2) / np.var(judging[1])
    return float(left) if np.isfinite(left) else np.inf


def heads(batch: Batch, looks: Sequence[Look]) -> str:
    """A line for each head: area under the curve, mean distance of probability and frequency."""
    said: dict[str, tuple[list[float], list[bool]]] = {}

    def add(name: str, probability: float, truth: bool) -> None:
        told, true = said.setdefault(name, ([], []))
        told.append(probability)
        true.append(truth)

    for k, look in enumerate(looks):
        for name, row in zip((row.name for row in OPERATORS), batch.operators[k], strict=True):
            add(f"operator {name}", look.operators[name], bool(row))
        for place, name in enumerate(OUTER):
            add("outer function", look.outer[name], bool(batch.outer[k] == place))
        columns = range(int(batch.columns[k]))
        for j in columns:
            add("relevant", look.relevance[j], bool(batch.relevant[k, j]))
            add("periodic", look.periodic[j], bool(batch.periodic[k, j]))
            for i in range(j):
                if batch.pairs[k, i, j]:
                    add("additive", look.additive[i, j], bool(batch.additive[k, i, j]))
                    add("multiplicative", look.multiplicative[i, j], bool(batch.multiplicative[k, i, j]))
    lines = ["| head | statements | true % | AUC | calibration error |", "|---" * 5 + "|"]
    areas = {}
    for name, (told, true) in said.items():
        probability, truth = np.array(told), np.array(true)
        areas[name] = auc(probability, truth)
        if name.startswith("operator ") and (truth.sum() < 5 or not np.isfinite(areas[name])):
            continue
        lines.append(
            f"| {name} | {len(truth)} | {100 * truth.mean():.0f} | {areas[name]:.2f} | "
            f"{calibration(probability, truth):.3f} |"
        )
    sizes = np.abs([look.size - size for look, size in zip(looks, batch.size, strict=True)])
    median = np.abs(batch.size - np.median(batch.size))
    by, constant = sizes.mean(), median.mean()
    lines.append(f"\nNodes: off by {by:.2f} on average, by {constant:.2f} if the median is always told.")
    return "\n".join(lines)


def calibration(probability: FloatArray, truth: AnyArray, bins: int = 10) -> float:
    """Expected calibration error: distance of mean probability and frequency in bins of equal numbers."""
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [abs(probability[part].mean() - truth[part].mean()) * len(part) for part in parts if len(part)]
    return float(np.sum(gaps) / len(order))


def _table(batch: Batch, k: int) -> tuple[FloatArray, FloatArray]:
    rows, columns = int(batch.rows[k]), int(batch.columns[k])
    return batch.features[k, :rows, :columns], batch.target[k, :rows]


def _key(tokens: list[int]) -> int:
    padded = np.zeros((1, 24), np.int16)
    padded[0, : len(tokens)] = tokens
    return int(keys_of(padded)[0])


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--bank", type=int, default=10_000)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--exclude", type=Path)
    given = parser.parse_args()
    network = network_and_digest(str(given.weights or SHIPPED))[0]
    excluded = None if given.exclude is None else Excluded.read(given.exclude)
    settings = GeneratorSettings(part="held out")
    batch = Generator(23, settings, excluded).batch(given.tables, rows=128)
    looks = [network.look(*_table(batch, k)) for k in range(given.tables)]
    candidates = candidates_of(network, given.bank, batch, excluded)
    steps: Sequence[Callable[[], str]] = (
        lambda: f"Retrieval, {given.tables} tables, {len(candidates.trees)} laws:\n\n"
        + retrieval(network, batch, looks, candidates),
        lambda: f"Decoder:\n\n{decoding(network, batch, looks)}",
        lambda: f"Heads:\n\n{heads(batch, looks)}",
    )
    for step in steps:
        print(f"{step()}\n", flush=True)


if __name__ == "__main__":
    main()
