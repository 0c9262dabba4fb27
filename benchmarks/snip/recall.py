"""What the pretrained network knows of tables it has not seen: the tables of recall.md.

    python -m benchmarks.snip.recall [--tables 200] [--bank 10000] [--weights weights.npz] \\
        [--exclude excluded.npz]

Tables of 128 rows of laws whose skeletons no training saw (`GeneratorSettings(part="held out")`), all of
different skeletons, half of them with noise of 0.1 to 10 % as in training. Retrieval: the place of the law's
skeleton among those of so many laws, none of them with the skeleton of another or of another table, all
numbered as the columns are. Only laws that have no input beyond the table's columns compete, the same in
every way, in the order of the likeness of embeddings, of the squared correlation of one draw of their
constants with the target, of both (the better of the two places), and, those with the law's very inputs
first, of chance. Decoder: the law's skeleton itself among samples, and after fitting the best of them on rows
that were not fitted, its constants at their optimum as a search has them; none is exact where there is noise,
so that is told of the tables without, and where the noise is largest R2 of the law itself is about 0.99.
Heads: areas under the curve, and how far probabilities are from frequencies; of the outermost functions each
by itself, as of the operators.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.snip.distinct import bare, distinct
from eqdisc._typing import AnyArray, BoolArray, FloatArray
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
from eqdisc.proposers.snip.screening import squared_correlations
from eqdisc.proposers.snip.session import REFINED
from eqdisc.proposers.snip.settings import SHIPPED
from eqdisc.proposers.snip.vocabulary import CONSTANT, decode, encode, keys_of, padded

ROWS = 128
PLACES = (1, 10, 100, 500)
SAMPLES = (1, 32, 256)
FITTED_ROWS = 96  # the others judge
EXACT, CLOSE = 1e-9, 1e-2  # of the variance that is left
FEWEST_TRUE = 5  # statements that are true, below which a head's operator or function is left out


@dataclass(frozen=True)
class Candidates:
    """N skeletons that could be a table's: trees with one draw of constants, tokens, embeddings."""

    trees: list[Expression]
    tokens: list[list[int]]
    embeddings: AnyArray

    @cached_property
    def widths(self) -> AnyArray:
        """(N,) columns that a table has at least to have all inputs of each."""
        return np.array([max(tree.features, default=-1) + 1 for tree in self.trees])

    def competing(self, columns: int) -> BoolArray:
        """(N,) those without an input beyond so many columns."""
        found: BoolArray = self.widths <= columns
        return found


def candidates_of(network: Network, count: int, truths: Batch, excluded: Excluded | None) -> Candidates:
    """The truths first, then other skeletons of a generator of another seed; all constants drawn anew."""
    rng = np.random.default_rng(1)
    settings = GeneratorSettings(reused=0.0)
    batch, laws = distinct(Generator(17, settings, excluded), count - len(truths), 32)
    pool = np.concatenate([law.constants for law in laws])
    known = {bare(decode(row[: np.flatnonzero(row)[-1] + 1].tolist())) for row in truths.tokens}
    new = np.array([bare(law) not in known for law in laws])
    rows = np.concatenate([truths.tokens, batch.tokens[new]])
    tokens = [row[: np.flatnonzero(row)[-1] + 1].tolist() for row in rows]
    trees = [decode(sequence) for sequence in tokens[: len(truths)]]
    trees += [law for law, kept in zip(laws, new.tolist(), strict=True) if kept]
    trees = [law.with_constants(rng.choice(pool, len(law.constants))) for law in trees]
    return Candidates(trees, tokens, network.embed_expressions(trees))


def places(scores: AnyArray, among: BoolArray, rng: np.random.Generator) -> AnyArray:
    """(N,) place of each candidate, the highest score first, those alike in random order, NaN last of those
    that compete; the others come after them.

    >>> scores, among = np.array([0.5, 0.9, np.nan, 0.7]), np.array([True, False, True, True])
    >>> places(scores, among, np.random.default_rng(0)).tolist()
    [1, 3, 2, 0]
    """
    order = np.lexsort((rng.random(len(scores)), -np.nan_to_num(scores, nan=-np.inf), ~among))
    found = np.empty(len(scores), np.int64)
    found[order] = np.arange(len(scores))
    return found


def correlation(
    candidates: Candidates, among: BoolArray, features: FloatArray, target: FloatArray
) -> FloatArray:
    """(N,) squared correlation of each competing candidate's values with the target, 0 where one is not
    finite; NaN of the others, whose inputs the table may not have."""
    found = np.full(len(candidates.trees), np.nan)
    programs = Programs.pack([candidates.trees[place] for place in np.flatnonzero(among)])
    with np.errstate(all="ignore"):
        values = predict_programs(programs, features)
    found[among] = squared_correlations(values, [target])[:, 0]
    return found


def ranked(ways: Mapping[str, AnyArray], among: BoolArray, rng: np.random.Generator) -> dict[str, AnyArray]:
    """Places of the candidates by the scores (N,) of each way, the same competing in all. Of the first two
    ways both, by the better place, is a third."""
    found = {name: places(scores, among, rng) for name, scores in ways.items()}
    (one, first), (other, second), *rest = found.items()
    both = places(-np.minimum(first, second).astype(np.float64), among, rng)
    return {one: first, other: second, "both": both, **dict(rest)}


def retrieval(network: Network, batch: Batch, looks: Sequence[Look], candidates: Candidates) -> str:
    """How many compete, and a line for each way to look for the law."""
    rng = np.random.default_rng(2)
    untrained = Network.random(1)
    random = untrained.embed_expressions(candidates.trees)
    used = [frozenset(tree.features) for tree in candidates.trees]
    found: dict[str, list[int]] = {}
    competing = []
    for k, look in enumerate(looks):
        features, target = _table(batch, k)
        among = candidates.competing(features.shape[1])
        competing.append(among.sum())
        ways = {
            "embedding": candidates.embeddings @ look.embedding,
            "correlation": correlation(candidates, among, features, target),
            "the law's inputs, random order": np.array([float(inputs == used[k]) for inputs in used]),
            "embedding of another table": candidates.embeddings @ looks[k - 1].embedding,
            "untrained network": random @ untrained.look(features, target).embedding,
        }
        for name, rank in ranked(ways, among, rng).items():
            found.setdefault(name, []).append(int(rank[k]))
    inside = np.array([CONSTANT in tokens for tokens in candidates.tokens[: len(looks)]])
    told = f"{len(looks)} tables, {len(used)} laws, of which {np.mean(competing):.0f} compete on average"
    return f"{told}:\n\n{_recalls(found, inside)}"


def _recalls(found: Mapping[str, Sequence[int]], inside: BoolArray) -> str:
    heads = " | ".join(f"R@{place} %" for place in PLACES)
    lines = [f"| tables | way | {heads} |", "|---" * (2 + len(PLACES)) + "|"]
    for title, chosen in (
        ("all", np.ones(len(inside), np.bool_)),
        ("laws with constants inside", inside),
        ("laws without", ~inside),
    ):
        for name, ranks in found.items() if chosen.any() else ():
            here = np.array(ranks)[chosen]
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
            if batch.noise[k] == 0.0:
                counts.setdefault((number, "exact"), []).append(left < EXACT)
            counts.setdefault((number, "close"), []).append(left < CLOSE)
    clean = f"exact after fitting, of {np.sum(batch.noise == 0.0)} without noise %"
    lines = [f"| samples | the law itself % | {clean} | R2 > 0.99 after fitting % |"]
    lines.append("|---" * 4 + "|")
    for number in SAMPLES:
        said = (counts.get((number, what)) for what in ("itself", "exact", "close"))
        shares = (f"{100 * np.mean(each):.1f}" if each else "-" for each in said)
        lines.append(f"| {number} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def unexplained(features: FloatArray, target: FloatArray, skeletons: Sequence[Expression]) -> float:
    """Share of the variance on left-out rows that the best fitted skeleton leaves, chosen by the others and
    at its optimum on them, as a search would propose it."""
    train = Dataset.of(features[:FITTED_ROWS], target[:FITTED_ROWS])
    operators = OperatorSet.parse(f"{DEFAULT_OPERATORS} {' '.join(row.name for row in OPERATORS)}")
    fitter = Fitter(Problem(train, train, None, operators, 60), 4, 16)
    fits = fitter.fitted(fitter.fresh(skeletons), np.random.default_rng(0))
    refined = fitter.proposed(fitter.chosen(fits, REFINED))
    if not refined:
        return np.inf
    best = refined[-1]  # each betters all that are smaller
    judging = features[FITTED_ROWS:], target[FITTED_ROWS:]
    with np.errstate(all="ignore"):
        left = np.mean((evaluate(best, judging[0]) - judging[1]) ** 2) / np.var(judging[1])
    return float(left) if np.isfinite(left) else np.inf


def heads(batch: Batch, looks: Sequence[Look]) -> str:
    """A line for each head: area under the curve, mean distance of probability and frequency. Operators and
    outermost functions have one each, so that it does not count how frequent each of them is."""
    said: dict[str, tuple[list[float], list[bool]]] = {}

    def add(name: str, probability: float, truth: bool) -> None:
        told, true = said.setdefault(name, ([], []))
        told.append(probability)
        true.append(truth)

    for k, look in enumerate(looks):
        for name, row in zip((row.name for row in OPERATORS), batch.operators[k], strict=True):
            add(f"operator {name}", look.operators[name], bool(row))
        for place, name in enumerate(OUTER):
            if name != "none":
                add(f"outer {name}", look.outer[name], bool(batch.outer[k] == place))
        columns = range(int(batch.columns[k]))
        for j in columns:
            add("relevant", look.relevance[j], bool(batch.relevant[k, j]))
            add("periodic", look.periodic[j], bool(batch.periodic[k, j]))
            for i in range(j):
                if batch.pairs[k, i, j]:
                    add("additive", look.additive[i, j], bool(batch.additive[k, i, j]))
                    add("multiplicative", look.multiplicative[i, j], bool(batch.multiplicative[k, i, j]))
    lines = ["| head | statements | true % | AUC | calibration error |", "|---" * 5 + "|"]
    for name, (told, true) in said.items():
        probability, truth = np.array(told), np.array(true)
        if name.startswith(("operator ", "outer ")) and not FEWEST_TRUE <= truth.sum() < len(truth):
            continue
        lines.append(
            f"| {name} | {len(truth)} | {100 * truth.mean():.0f} | {roc_auc_score(truth, probability):.2f} | "
            f"{calibration(probability, truth):.3f} |"
        )
    lines.append(f"\n{_outermost(batch, looks)}")
    sizes = np.abs([look.size - size for look, size in zip(looks, batch.size, strict=True)])
    median = np.abs(batch.size - np.median(batch.size))
    by, constant = sizes.mean(), median.mean()
    lines.append(f"\nNodes: off by {by:.2f} on average, by {constant:.2f} if the median is always told.")
    return "\n".join(lines)


def _outermost(batch: Batch, looks: Sequence[Look]) -> str:
    told = np.array([np.argmax([look.outer[name] for name in OUTER]) for look in looks])
    frequencies = np.bincount(batch.outer, minlength=len(OUTER)) / len(batch)
    return (
        f"Outermost function: right for {100 * np.mean(told == batch.outer):.0f} %, for "
        f"{100 * frequencies.max():.0f} % if it is always {OUTER[int(frequencies.argmax())]}."
    )


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
    return int(keys_of(padded([tokens]))[0])


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--bank", type=int, default=10_000)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--exclude", type=Path)
    given = parser.parse_args()
    if given.bank <= given.tables:
        parser.error(f"--bank is {given.bank}; wanted more than --tables, {given.tables}")
    network = network_and_digest(str(given.weights or SHIPPED))[0]
    excluded = None if given.exclude is None else Excluded.read(given.exclude)
    settings = GeneratorSettings(part="held out", reused=0.0)
    batch = distinct(Generator(23, settings, excluded), given.tables, ROWS)[0]
    looks = [network.look(*_table(batch, k)) for k in range(given.tables)]
    candidates = candidates_of(network, given.bank, batch, excluded)
    steps: Sequence[Callable[[], str]] = (
        lambda: f"Retrieval: {retrieval(network, batch, looks, candidates)}",
        lambda: f"Decoder:\n\n{decoding(network, batch, looks)}",
        lambda: f"Heads:\n\n{heads(batch, looks)}",
    )
    for step in steps:
        print(f"{step()}\n", flush=True)


if __name__ == "__main__":
    main()
