"""What the controller's memory of its own choices is worth: prints the tables of controller.md.

python benchmarks/dysymnet/controller.py toy [seeds [batches]]     # rewards that join two choices
python benchmarks/dysymnet/controller.py hidden [seeds [batches]]  # one structure to be found
python benchmarks/dysymnet/controller.py cost                      # milliseconds for a batch of 1000
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise, product
from math import factorial, prod

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.proposers.dysymnet.adam import Adam
from eqdisc.proposers.dysymnet.controller import Controller, RecurrentPolicy, elite
from eqdisc.proposers.dysymnet.grammar import Grammar
from eqdisc.proposers.dysymnet.structures import Structures

BATCH = 1000
SIN, MUL, EXP = 0, 1, 2
Rule = Callable[[Structures], BoolArray]
#: Small enough to list every structure: 13,944.
TOY = Grammar(operators=6, layers=2, width=3)
#: Rewards stand from the first batch on and never grow: nothing to start afresh for.
SETTINGS = Controller(patience=None, collapse=0.0)
#: A table of scores may take longer steps than a network: what served it best below.
LONGER = replace(SETTINGS, learning_rate=0.2)
#: Where one structure is hidden, among 5.5e12.
LARGE = Grammar(operators=8, layers=4, width=5)


class FactorisedPolicy:
    """A product of independent choices, which is what the controller of the original amounts to.

    It feeds its network what it might choose, never what it chose. Here each layer even has a width of its
    own. A layer's operators are drawn independently from one distribution, as there; the learning is that of
    `RecurrentPolicy`.
    """

    def __init__(self, grammar: Grammar, settings: Controller) -> None:
        self.grammar = grammar
        self.settings = settings
        wirings, layers = len(grammar.wirings), grammar.layers
        self._sizes = (wirings, layers, *(grammar.width,) * layers, *(grammar.operators,) * layers)
        self.scores = np.zeros(sum(self._sizes))
        self._adam = Adam(self.scores.size, settings.learning_rate)

    def sample(self, count: int, random: np.random.Generator) -> Structures:
        """`count` structures, each with probability `floor` from the uniform policy."""
        g = self.grammar
        wiring, depth, *layers = self._probabilities()
        uniform = g.uniform(count, random)
        own = random.random(count) >= self.settings.floor
        widths, units = layers[: g.layers], layers[g.layers :]
        drawn = Structures(
            depths=1 + random.choice(g.layers, count, p=depth),
            widths=1 + np.column_stack([random.choice(g.width, count, p=p) for p in widths]),
            units=np.stack([random.choice(g.operators, (count, g.width), p=p) for p in units], axis=1),
            sparse=np.array(g.wirings)[random.choice(len(g.wirings), count, p=wiring)],
        )
        tokens = np.where(own[:, np.newaxis], g.encode(drawn), g.encode(uniform))
        return g.decode(tokens)

    def learn(self, structures: Structures, rewards: FloatArray) -> None:
        """One step towards the elite."""
        tokens, weights = elite(self.grammar.encode(structures), rewards, self.settings.risk)
        gradient = weights @ self._counts(self.grammar.decode(tokens))
        for here, p in zip(self._slices(), self._probabilities(), strict=True):
            surprise = np.log(p)
            gradient[here] -= gradient[here].sum() * p
            gradient[here] -= self.settings.entropy * p * (surprise - p @ surprise)
        self.scores += self._adam.step(gradient)

    def log_probability(self, structures: Structures) -> FloatArray:
        """(b,) log-probability of structures, the order of units in a layer left out."""
        logs = np.log(np.concatenate(self._probabilities()))
        found: FloatArray = self._counts(structures) @ logs + log_orders(structures)
        return found

    def fit(self, structures: Structures) -> None:
        """The product under which the given structures are most probable: their own frequencies."""
        counts = self._counts(structures).sum(axis=0)
        self.scores[:] = np.log(np.maximum(counts, 1e-300))

    def _counts(self, structures: Structures) -> FloatArray:
        """(b, scores) how often a structure makes each choice."""
        g = self.grammar
        tokens = g.encode(structures)
        told: list[FloatArray] = []
        layer_steps = np.arange(2, g.steps).reshape(g.layers, -1)
        for steps in (*([0], [1]), *layer_steps[:, :1], *layer_steps[:, 1:]):
            columns = g.columns[steps[0]]
            choices = tokens[:, steps, np.newaxis] == np.arange(columns.start, columns.stop)
            told.append(choices.sum(axis=1))
        return np.hstack(told)

    def _slices(self) -> list[slice]:
        stops = np.cumsum([0, *self._sizes]).tolist()
        return [slice(a, b) for a, b in pairwise(stops)]

    def _probabilities(self) -> list[FloatArray]:
        shifted = [np.exp(self.scores[here] - self.scores[here].max()) for here in self._slices()]
        return [p / p.sum() for p in shifted]


Policy = RecurrentPolicy | FactorisedPolicy


def log_orders(structures: Structures) -> FloatArray:
    """(b,) logarithm of the number of orders of the units within their layers."""
    found = np.zeros(len(structures.depths))
    for b, (layers, widths) in enumerate(zip(structures.units, structures.widths, strict=True)):
        for units, width in zip(layers, widths, strict=True):
            counts = np.unique(units[:width], return_counts=True)[1]
            found[b] += np.log(factorial(width) / prod(factorial(c) for c in counts.tolist()))
    return found


def every(grammar: Grammar) -> Structures:
    """All structures of a small grammar."""
    layers = [
        layer
        for width in range(1, grammar.width + 1)
        for layer in combinations_with_replacement(range(grammar.operators), width)
    ]
    nets = [
        (sparse, net)
        for sparse in grammar.wirings
        for depth in range(1, grammar.layers + 1)
        for net in product(layers, repeat=depth)
    ]
    units = np.full((len(nets), grammar.layers, grammar.width), -1)
    for b, (_, net) in enumerate(nets):
        for place, layer in enumerate(net):
            units[b, place, : len(layer)] = layer
    widths: IntArray = np.sum(units >= 0, axis=2)
    return Structures(
        np.sum(widths > 0, axis=1), widths, units, np.array([sparse for sparse, _ in nets], dtype=bool)
    )


def echo(s: Structures) -> BoolArray:
    """The second layer has the operators of the first."""
    found: BoolArray = (s.depths == 2) & np.all(s.units[:, 0] == s.units[:, 1], axis=1)
    return found


def answer(s: Structures) -> BoolArray:
    """The second layer is all sin where the first has a mul, all exp where not."""
    wanted = np.where(np.any(s.units[:, 0] == MUL, axis=1), SIN, EXP)[:, np.newaxis]
    found: BoolArray = (s.depths == 2) & np.all((s.units[:, 1] == wanted) | (s.units[:, 1] < 0), axis=1)
    return found


def narrower(s: Structures) -> BoolArray:
    """The second layer has one unit less than the first."""
    found: BoolArray = (s.depths == 2) & (s.widths[:, 1] == s.widths[:, 0] - 1)
    return found


RULES: tuple[Rule, ...] = (echo, answer, narrower)


def taken(s: Structures, which: BoolArray) -> Structures:
    """Some of the structures."""
    return Structures(s.depths[which], s.widths[which], s.units[which], s.sparse[which])


def row(rule: str, name: str, log_p: Sequence[FloatArray]) -> None:
    """One line of the table, from the (m,) log-probabilities of all rewarded structures by each seed."""
    share = np.mean([np.exp(log).sum() for log in log_p])
    different = np.mean([np.sum(-np.expm1(BATCH * np.log1p(-np.exp(log)))) for log in log_p])
    waiting = np.exp(np.mean([-log.mean() for log in log_p]))
    print(f"| {rule} | {name} | {100 * share:.1f} % | {different:.0f} | {waiting:,.0f} |", flush=True)


def toy(seeds: int = 5, batches: int = 200) -> None:
    """Rewards that join two choices: what either policy has learned, and what no product could better."""
    listed = every(TOY)
    print(f"{batches} batches of {BATCH}; {seeds} seeds; {len(listed.depths)} structures\n")
    print(f"| rule (rewarded) | policy | rewarded share | different in {BATCH} | drawn until a given one |")
    print("| --- | --- | --- | --- | --- |")
    for rule in RULES:
        good = taken(listed, rule(listed))
        name = f"{rule.__name__} ({len(good.depths)})"
        bound = FactorisedPolicy(TOY, SETTINGS)
        row(name, "uniform", [bound.log_probability(good)])
        bound.fit(good)
        row(name, "best product", [bound.log_probability(good)])
        policies: dict[str, Sequence[Policy]] = {
            "factorised": [FactorisedPolicy(TOY, SETTINGS) for _ in range(seeds)],
            "factorised, long steps": [FactorisedPolicy(TOY, LONGER) for _ in range(seeds)],
            "recurrent": [RecurrentPolicy(TOY, SETTINGS, seed) for seed in range(seeds)],
        }
        for title, trained in policies.items():
            for seed, policy in enumerate(trained):
                train(policy, rule, batches, seed)
            row(name, title, [policy.log_probability(good) for policy in trained])


def train(policy: Policy, rule: Rule, batches: int, seed: int) -> None:
    """Reward 1 for what keeps the rule, else 0."""
    random = np.random.default_rng(seed)
    for _ in range(batches):
        structures = policy.sample(BATCH, random)
        policy.learn(structures, rule(structures).astype(float))


def hidden(seeds: int = 10, batches: int = 80) -> None:
    """Batches until one hidden structure is drawn; the reward counts what differs from it, with noise."""
    print(f"batches of {BATCH} until found, at most {batches}: median of {seeds} seeds (never found)\n")
    print("| hidden | factorised | factorised, long steps | recurrent |\n| --- | --- | --- | --- |")
    for title, layer in (
        ("a random one", None),
        ("layers of four equal", [7] * 4),
        ("of four different", [0, 2, 5, 7]),
    ):
        cells = []
        for name in ("factorised", "long", "recurrent"):
            found = [search(name, layer, seed, batches) for seed in range(seeds)]
            cells.append(f"{np.median(found):.0f} ({np.sum(np.array(found) > batches)})")
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


def search(name: str, layer: list[int] | None, seed: int, batches: int) -> int:
    """The batch in which the hidden structure is drawn first; one more than all where it never is."""
    random = np.random.default_rng(seed)
    secret = LARGE.uniform(1, random)
    if layer is not None:
        secret.depths[:], secret.widths[:, :3], secret.units[:, :3, :4] = 3, 4, layer
    policy: Policy
    if name == "recurrent":
        policy = RecurrentPolicy(LARGE, seed=seed)
    else:
        policy = FactorisedPolicy(LARGE, LONGER if name == "long" else SETTINGS)
    for batch in range(batches):
        structures = policy.sample(BATCH, random)
        wrong = differences(structures, LARGE.decode(LARGE.encode(secret)))
        if wrong.min() == 0:
            return batch + 1
        policy.learn(structures, random.normal(-wrong, 2.0))
    return batches + 1


def differences(s: Structures, secret: Structures) -> IntArray:
    """(b,) operators of each layer too many or too few, layers and wirings that are wrong."""
    wrong: IntArray = 2 * np.abs(s.depths - secret.depths) + (s.sparse != secret.sparse)
    for operator in range(LARGE.operators):
        counts = np.sum(s.units == operator, axis=2) - np.sum(secret.units == operator, axis=2)
        wrong = wrong + np.abs(counts).sum(axis=1)
    return wrong


def cost(rounds: int = 50) -> None:
    """Milliseconds of one core to sample and to learn a batch, by size of the networks."""
    print(f"| operators, layers, width | parameters | sample {BATCH} | learn {BATCH} |")
    print("| --- | --- | --- | --- |")
    for operators, layers, width in ((6, 2, 3), (6, 4, 5), (12, 5, 6)):
        policy = RecurrentPolicy(Grammar(operators, layers, width))
        random = np.random.default_rng(0)
        seconds = np.zeros((rounds, 2))
        for spent in seconds:
            began = time.process_time()
            structures = policy.sample(BATCH, random)
            sampled = time.process_time()
            policy.learn(structures, random.normal(size=BATCH))
            spent[:] = sampled - began, time.process_time() - sampled
        sample, learn = 1000 * np.median(seconds, axis=0)
        size = policy.network.parameters.size
        print(f"| {operators}, {layers}, {width} | {size} | {sample:.1f} ms | {learn:.1f} ms |", flush=True)


def main(arguments: Sequence[str]) -> None:
    """`toy` or `hidden [seeds [batches]]`, `cost [rounds]`."""
    commands: dict[str, Callable[..., None]] = {"toy": toy, "hidden": hidden, "cost": cost}
    what, *numbers = arguments or ["toy"]
    with threadpool_limits(1, user_api="blas"):
        commands[what](*(int(number) for number in numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
