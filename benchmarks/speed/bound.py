"""How near evaluation comes to what the processor could do: share of the port-level bound, one thread, our
side only.

The bound of a population is the sum over its instructions of what each costs per sample when nothing else
is in the way: data in the L1 cache, no lowering, no dispatch. What moves data is bounded by the stores
(one vector store an instruction; one and a half for a product of two lines), division and square root by
their units, both measured by loops of nothing else; functions by the slope of their own loop between
blocks of 256 and 512 samples; the sums of R2 likewise.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from _measure import arguments, finish, paired, respect_avx2
from _operon import OPERATORS, Table, programs_of, random_trees, uniform_table
from numba import njit

from eqdisc.engine import opcodes
from eqdisc.engine.evaluate import CHUNK, ProgramScorer, lower_chunk, tapes
from eqdisc.engine.kernels import forward, projection_sums
from eqdisc.engine.native import evaluation_addresses
from eqdisc.engine.programs import Blocks, Programs, aligned

ROWS = (1_000, 10_000, 100_000)
TREES, FEW_TREES, MANY_ROWS = 1000, 100, 50_000
REPEATS = 1000
COLUMNS = ("operators", "rows", "dtype", "achieved", "bound", "share")

#: Vector stores an instruction counts for.
STORES = {
    opcodes.T_ADD: 1.0,
    opcodes.T_MUL: 1.0,
    opcodes.T_SQUARE: 1.0,
    opcodes.T_MULC: 1.5,
    opcodes.T_SQUAREC: 1.0,
    opcodes.T_CUBE: 1.0,
}
DIVISIONS = (opcodes.T_DIV, opcodes.T_DIVC, opcodes.T_INV, opcodes.T_INVC)
FUNCTIONS = (opcodes.T_EXP, opcodes.T_LOG, opcodes.T_SIN, opcodes.T_COS)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def store_loop(out: Any, repeats: int) -> None:
    """Nothing but stores."""
    for r in range(repeats):
        value = out.dtype.type(r)
        for i in range(out.shape[0]):
            out[i] = value


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def divide_loop(a: Any, out: Any, repeats: int) -> None:
    """One division a sample."""
    for r in range(repeats):
        value = a.dtype.type(r + 1)
        for i in range(out.shape[0]):
            out[i] = value / a[i]


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def root_loop(a: Any, out: Any, repeats: int) -> None:
    """One square root a sample."""
    for r in range(repeats):
        value = a.dtype.type(r + 1)
        for i in range(out.shape[0]):
            out[i] = np.sqrt(value + a[i])


@njit(fastmath={"contract"}, error_model="numpy")  # type: ignore[untyped-decorator]
def sums_loop(value: Any, target: Any, groups: int, repeats: int) -> float:
    """The sums of R2."""
    total = 0.0
    for r in range(repeats):
        s = projection_sums(value, target, value.dtype.type(r), np.uint64(groups * 64))
        total += s[0] + s[1] + s[2]
    return total


def costs(dtype: str) -> dict[str | int, float]:
    """Nanoseconds a sample of every instruction and of the sums, at best."""
    size = 1024
    rows = aligned((3, size), dtype)
    rows[:] = np.random.default_rng(0).uniform(0.5, 1.5, rows.shape)
    buffer = aligned((3, 512), dtype)
    buffer[:] = rows[:, :512]
    weights = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    terms = np.zeros(1, np.int32)

    def tape(operation: int, groups: int) -> Callable[[], object]:
        code = np.zeros((REPEATS, opcodes.CODE_COLUMNS), np.int32)
        code[:, opcodes.OP], code[:, opcodes.DST] = operation, 1
        code[:, opcodes.COMPANION] = -1
        return lambda: forward(buffer, code, weights, terms, 0, REPEATS, np.uint64(groups))

    contenders: dict[str, Callable[[], object]] = {
        "store": lambda: store_loop(rows[1], REPEATS),
        "divide": lambda: divide_loop(rows[0], rows[1], REPEATS),
        "root": lambda: root_loop(rows[0], rows[1], REPEATS),
    }
    for groups in (4, 8):
        contenders[f"sums {groups}"] = lambda groups=groups: sums_loop(rows[0], rows[2], groups, REPEATS)
        contenders |= {f"{operation} {groups}": tape(operation, groups) for operation in FUNCTIONS}
    seconds = paired(contenders, seconds=0.3, rounds=9, summarise=min)
    per_sample = {name: taken / REPEATS * 1e9 for name, taken in seconds.items()}
    found: dict[str | int, float] = {
        operation: stores * per_sample["store"] / size for operation, stores in STORES.items()
    }
    found |= dict.fromkeys(DIVISIONS, per_sample["divide"] / size)
    found[opcodes.T_SQRT] = per_sample["root"] / size
    for name in ("sums", *FUNCTIONS):
        found[name] = (per_sample[f"{name} 8"] - per_sample[f"{name} 4"]) / 256
    return found


def instructions(programs: Programs, n_features: int) -> np.ndarray:
    """How often each operation occurs in the tapes of the population."""
    counts = np.zeros(opcodes.T_SUM + 1, np.int64)
    room = tapes(int(np.diff(programs.offsets).max()))
    starts, stops = programs.offsets[:-1], programs.offsets[1:]
    for begin in range(0, len(programs), CHUNK):
        end = min(begin + CHUNK, len(programs))
        lower_chunk(
            *(evaluation_addresses(), room, n_features, programs.ops, programs.args, programs.values),
            *(starts, stops, begin, end, 1),
        )
        counts += np.bincount(room.code[: room.counts[0], opcodes.OP], minlength=len(counts))
    return counts


def compare(operators: str, rows: int, dtype: str, cost: dict[str | int, float]) -> dict[str, Any]:
    """One configuration; rates in 1e9 node evaluations a second."""
    features, target = uniform_table(rows)
    table = Table.of(features, target)
    trees = random_trees(operators, TREES if rows <= MANY_ROWS else FEW_TREES)
    programs = programs_of(trees, table.dataset)
    scorer = ProgramScorer(Blocks.of(features, target, dtype=dtype))
    seconds = paired({"ours": lambda: scorer.sums(programs)}, seconds=2.0, rounds=9)["ours"]
    counts = instructions(programs, features.shape[1])
    nanoseconds = len(programs) * cost["sums"] + sum(
        count * cost[operation] for operation, count in enumerate(counts.tolist()) if count
    )
    work = len(programs.ops) * rows / 1e9
    return {
        "operators": operators,
        "rows": rows,
        "dtype": dtype,
        "nodes": len(programs.ops) / len(programs),
        "instructions": float(counts.sum() / len(programs)),
        "achieved": work / seconds,
        "bound": work / (nanoseconds * rows * 1e-9),
        "share": nanoseconds * rows * 1e-9 / seconds,
    }


def main() -> None:
    options = arguments(__doc__).parse_args()
    respect_avx2(options.avx2)
    results = []
    for dtype in ("float64",) if options.quick else ("float64", "float32"):
        cost = costs(dtype)
        results += [compare(operators, rows, dtype, cost) for operators in OPERATORS for rows in ROWS]
    finish("bound" + ("-avx2" if options.avx2 else ""), options, results, COLUMNS, ratio="share")


if __name__ == "__main__":
    main()
