"""Checkpoints: all that a search is after a whole epoch, in one file without anything pickled.

The file is an `.npz` archive: arrays, and a header in JSON that refers to them by number. A search resumed
from it goes on bit for bit as it would have without the break.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.prior import Irrelevance, Prior
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.proposer import Proposer, State
from eqdisc.search.shares import Account

FORMAT = 4  # of the file; a change of what the search keeps raises it
HEADER = "header.json"
_DIGEST = "sha256:"
# What reading a file that is no checkpoint, or no longer one, has been seen to raise.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,  # NotImplementedError too: an archive of a kind unheard of
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class StrategyState:
    """What the loop and the strategy itself know after an epoch.

    last    : the proposals of its last turn
    account : what it has been given and has contributed
    session : the state of its session; None where it has not been started or is exhausted
    prior   : what it was told at its start; None where it has not been started
    """

    name: str
    exhausted: bool
    last: tuple[Expression, ...]
    session: State | None
    account: Account = field(default_factory=Account)
    prior: Prior | None = None


@dataclass(frozen=True, eq=False)
class SearchState:
    """All that decides how a search goes on after a whole epoch.

    asked            : what identifies the search, see `fingerprint`
    front            : unpolished; milestones: what counted as an improvement; archive: its elites
    epoch            : whole epochs done; last_improvement: the epoch (from 1) that moved the front last
    patient_since    : the epoch from which on the patience counts; the last, where the search had stalled
    exact            : whether an exact law ended the search
    settled_at       : node evaluations after which one that was found will end it
    evaluations, node_evaluations, seconds, compile_seconds : spent so far
    strategies       : in the order in which they are asked
    verified         : places on the front of the laws that were polished to see whether they are exact then;
                       verifying: node evaluations spent on that
    """

    asked: Mapping[str, str]
    front: tuple[Candidate, ...]
    milestones: tuple[Candidate, ...]
    archive: tuple[Candidate, ...]
    epoch: int
    last_improvement: int
    patient_since: int
    exact: bool
    settled_at: int | None
    evaluations: int
    node_evaluations: int
    seconds: float
    compile_seconds: float
    strategies: tuple[StrategyState, ...]
    verified: tuple[int, ...] = ()
    verifying: float = 0.0


# ------------------------------------------------------------------ whose checkpoint it is


def fingerprint(problem: Problem, seed: int, proposers: Sequence[Proposer]) -> dict[str, str]:
    """What a search must have in common with the one whose checkpoint it goes on from, in words.

    Threads and budget are free. Names of strategies and their settings count, by the `repr` of the settings.

    >>> from eqdisc.data.dataset import Dataset
    >>> table = Dataset.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 3.9, 9.2, 15.8], names=["side"])
    >>> asked = fingerprint(Problem.of(table, OperatorSet.of("add", "mul"), 20, seed=0), 0, ())
    >>> asked["features"], asked["operators"], asked["size limit"]
    ('side', 'add mul', '20')
    """
    names = problem.dataset.feature_names
    judging = () if problem.heldout is None else (problem.heldout.target, problem.heldout.weights)
    table = problem.dataset
    return {
        "features": ", ".join(names),
        "numbers of the table": _digest(
            table.features, table.target, table.weights, table.feature_resolution, table.target_resolution
        ),
        "rows held out": _digest(problem.train.target, problem.train.weights, *judging),
        "operators": _operators(problem.operators),
        "weights of the operators": _digest(np.array(list(problem.operators.weights.values()))),
        "size limit": str(problem.max_size),
        "required variables": ", ".join(names[feature] for feature in problem.required) or "none",
        "units": "none" if problem.units is None else _digest(repr(problem.units)),
        "weights of the variables": "all alike"
        if problem.prior.relevance is None
        else _digest(np.array(problem.prior.relevance)),
        "likely operators": " ".join(problem.prior.operators) or "none",
        "chances of the operators": "all alike"
        if not problem.prior.chances
        else _digest(repr(sorted(problem.prior.chances.items()))),
        "influence of the variables": "all alike"
        if problem.prior.influence is None
        else _digest(np.array(problem.prior.influence)),
        "building blocks": ", ".join(map(str, problem.prior.forms)) or "none",
        "seed": str(seed),
        "strategies": ", ".join(proposer.name for proposer in proposers),
        "settings of the strategies": _digest(repr(tuple(proposers))),
    }


def check_same_search(kept: Mapping[str, str], asked: Mapping[str, str]) -> None:
    """DataError, saying what differs, where a checkpoint belongs to another search."""
    differences = [
        _difference(what, kept.get(what, "nothing"), asked.get(what, "nothing"))
        for what in dict.fromkeys((*kept, *asked))
        if kept.get(what) != asked.get(what)
    ]
    if differences:
        raise DataError(
            f"the checkpoint belongs to another search: {'; '.join(differences)}. Resume it with the table "
            "and the settings it was begun with, or begin a new search"
        )


def _difference(what: str, kept: str, asked: str) -> str:
    if kept.startswith(_DIGEST) or asked.startswith(_DIGEST):
        return f"other {what}"
    return f"its {what}: {kept}; now: {asked}"


def _operators(operators: OperatorSet) -> str:
    macros = [
        f"{macro.name}({', '.join(macro.parameters)})={format_expression(macro.body, macro.parameters)}"
        for macro in operators.macros
    ]
    return " ".join((*operators.names, *macros))


def _digest(*parts: FloatArray | str | None) -> str:
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(str(part).encode())
    return _DIGEST + digest.hexdigest()


# ------------------------------------------------------------------ the file


def write_checkpoint(path: Path, state: SearchState) -> None:
    """Write a checkpoint that is there whole or not at all, whatever interrupts the writing.

    It goes to `<name>.part` beside it first, which then takes its place. OSError where there is no room or
    no permission; the checkpoint before it is still there then.
    """
    arrays: list[AnyArray] = []
    header = json.dumps(_record(state), default=lambda value: _reference(value, arrays))
    part = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            archive.writestr(HEADER, header)
            for index, array in enumerate(arrays):
                with archive.open(_member(index), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        part.replace(path)
    except BaseException:  # Ctrl-C too leaves no rubbish
        part.unlink(missing_ok=True)
        raise


def read_checkpoint(path: Path) -> SearchState:
    """The state that `write_checkpoint` wrote.

    DataError for a file that is missing, damaged, cut short, no checkpoint, or of another version of eqdisc.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"its part {damaged!r} is not as it was written")
            record = json.loads(archive.read(HEADER), object_hook=lambda found: _resolved(found, archive))
        version = int(record["format"])
        state = _state(record) if version == FORMAT else None
    except FileNotFoundError as error:
        raise DataError(f"there is no checkpoint {path}; nothing to go on from") from error
    except _UNREADABLE as error:
        raise DataError(
            f"{path} is no checkpoint or a damaged one ({error}); begin the search anew"
        ) from error
    if state is None:
        raise DataError(
            f"the checkpoint {path} was written by {'an earlier' if version < FORMAT else 'a newer'} eqdisc "
            f"(format {version}, this one reads {FORMAT}); what strategies know of a search is not the same "
            "there, so that it cannot go on here. Resume it with the version that wrote it, or begin the "
            "search anew (discover with --overwrite)"
        )
    return state


def _reference(value: Any, arrays: list[AnyArray]) -> Any:
    """What stands in the header for a value that JSON has no word for."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise TypeError(f"a checkpoint holds numbers, texts and arrays, got a {type(value).__name__}")
    arrays.append(value)
    return {"array": len(arrays) - 1}


def _resolved(found: dict[str, Any], archive: zipfile.ZipFile) -> Any:
    """What a part of the header stands for: the array it refers to, or itself."""
    if found.keys() != {"array"}:
        return found
    with archive.open(_member(found["array"])) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _member(index: int) -> str:
    return f"{index}.npy"


def _record(state: SearchState) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **vars(state),
        "front": _packed_laws(state.front),
        "milestones": _packed_laws(state.milestones),
        "archive": _packed_laws(state.archive),
        "strategies": [
            {
                **vars(live),
                "last": _packed(live.last),
                "account": vars(live.account),
                "prior": None if live.prior is None else _packed_prior(live.prior),
            }
            for live in state.strategies
        ],
    }


def _state(record: dict[str, Any]) -> SearchState:
    fields = {name: value for name, value in record.items() if name != "format"}
    fields["front"] = _laws(record["front"])
    fields["milestones"] = _laws(record["milestones"])
    fields["archive"] = _laws(record["archive"])
    fields["verified"] = tuple(record["verified"])
    fields["strategies"] = tuple(
        StrategyState(
            **{
                **live,
                "last": _expressions(live["last"]),
                "account": Account(**live["account"]),
                "prior": None if live["prior"] is None else _prior(live["prior"]),
            }
        )
        for live in record["strategies"]
    )
    return SearchState(**fields)


def _packed_prior(prior: Prior) -> State:
    known = prior.irrelevance
    return {
        "relevance": None if prior.relevance is None else list(prior.relevance),
        "irrelevance": None if known is None else vars(known),
        "operators": list(prior.operators),
        "forms": _packed(prior.forms),
        "chances": dict(prior.chances),
        "influence": None if prior.influence is None else list(prior.influence),
    }


def _prior(packed: State) -> Prior:
    known = packed["irrelevance"]
    if known is not None:
        known = Irrelevance(
            **{**known, "deviates": tuple(known["deviates"]), "relevant": tuple(known["relevant"])}
        )
    relevance, influence = (
        None if packed[name] is None else tuple(packed[name]) for name in ("relevance", "influence")
    )
    return Prior(
        relevance,
        known,
        tuple(packed["operators"]),
        _expressions(packed["forms"]),
        dict(packed["chances"]),
        influence,
    )


def _packed_laws(laws: Sequence[Candidate]) -> State:
    return {
        **_packed([law.expression for law in laws]),
        "losses": [law.loss for law in laws],
        "heldout_losses": [law.heldout_loss for law in laws],
        "complexities": [law.complexity for law in laws],
        "found_by": [law.found_by for law in laws],
    }


def _laws(packed: State) -> tuple[Candidate, ...]:
    columns = ("losses", "heldout_losses", "complexities", "found_by")
    rows = zip(_expressions(packed), *(packed[column] for column in columns), strict=True)
    return tuple(Candidate(*row) for row in rows)


def _packed(expressions: Iterable[Expression]) -> State:
    """Expressions one after the other."""
    trees = tuple(expressions)
    return {
        "sizes": np.array([tree.size for tree in trees], np.int64),
        "codes": np.array([code for tree in trees for code in tree.codes], np.int32),
        "payload": np.array([value for tree in trees for value in tree.payload], np.float64),
    }


def _expressions(packed: State) -> tuple[Expression, ...]:
    codes, payload = packed["codes"].tolist(), packed["payload"].tolist()
    stops = np.cumsum(packed["sizes"])
    slices = [slice(stop - size, stop) for size, stop in zip(packed["sizes"], stops, strict=True)]
    return tuple(Expression(tuple(codes[nodes]), tuple(payload[nodes])) for nodes in slices)
