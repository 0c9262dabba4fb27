"""The space of tables and formulas for people: where a table lies, and which known formulas are near.

One thread of BLAS, as in a search: the matrices are small, and answers do not depend on the machine's cores.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc._typing import AnyArray
from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import CONSTANT, VARIABLE
from eqdisc.proposers.snip.bank import renumbered
from eqdisc.proposers.snip.eye import Eye
from eqdisc.proposers.snip.heads import column_chances
from eqdisc.proposers.snip.knowledge import knowledge, network_and_digest
from eqdisc.proposers.snip.retrieval import nearest
from eqdisc.proposers.snip.settings import SHIPPED
from eqdisc.proposers.snip.vocabulary import INPUTS, LENGTH

ORDERS = 24  # of columns likely to matter that are looked at
BAGS = 4  # samples of rows that a look takes the mean of
VERSION_DIGITS = 12


@dataclass(frozen=True, eq=False)
class Embedding:
    """Where a table or a formula lies.

    vector  : (D,) float32 of length 1; the closer two are to the same direction the more alike they are
    columns : names of the columns that were looked at
    version : of the weights; only vectors of one version can be compared
    notes   : what to know of it
    """

    vector: AnyArray
    columns: tuple[str, ...]
    version: str
    notes: tuple[str, ...] = ()

    def similarity(self, other: "Embedding") -> float:
        """Cosine with another, from -1 to 1. OptionError for one of other weights."""
        if self.version != other.version:
            raise OptionError(
                f"one embedding is of the weights {self.version}, the other of {other.version}; "
                "embed both with the same"
            )
        return float(np.dot(self.vector, other.vector))


@dataclass(frozen=True)
class Similar:
    """A known skeleton near a table.

    skeleton   : in the table's columns; c1, c2, ... are constants, slope and intercept of the whole left out
    similarity : cosine of the two embeddings, less what speaks against it besides: that it is met seldom, and
                 that other columns matter
    columns    : names of those that it reads
    """

    skeleton: str
    similarity: float
    columns: tuple[str, ...]


def embed_data(dataset: Dataset, *, seed: int = 0, weights: str | Path = SHIPPED) -> Embedding:
    """Where a table lies.

    seed    : of the rows that are looked at, where there are many
    weights : "shipped", or the path of a file

    Of more than ten columns ten are looked at; `notes` names them. WeightsError where weights are missing,
    damaged or of another version; DataError for a table with fewer than 4 rows or values that are not finite.
    """
    network, digest = network_and_digest(str(weights))
    with threadpool_limits(1, user_api="blas"):
        look = network.look(dataset.features, dataset.target, seed)
    columns = tuple(dataset.feature_names[j] for j in look.columns)
    return Embedding(look.embedding, columns, digest[:VERSION_DIGITS], _notes(dataset, columns))


def embed_expression(text: str | Expression, *, weights: str | Path = SHIPPED) -> Embedding:
    """Where a formula lies, whatever its constants are; of an equation the right side.

    Names stand for columns, in the order in which they first occur: as in a table with just these columns.
    ParseError for a text that is no formula, DataError for one too long or with too many inputs.
    """
    network, digest = network_and_digest(str(weights))
    if isinstance(text, str):
        form = Form.parse(text, (), functions=False)
        names, law = form.parameters, form.tree
    else:
        names, law = tuple(f"x{j}" for j in dict.fromkeys(_inputs(text))), renumbered(text)
    if len(names) > INPUTS:
        raise DataError(f"the formula has {len(names)} inputs; the network knows formulas of up to {INPUTS}")
    with threadpool_limits(1, user_api="blas"):
        vector = network.embed_expressions([law])[0]
    if not np.isfinite(vector).all():
        raise DataError(f"the formula is too long: written as tokens it may have {LENGTH - 2}")
    return Embedding(vector, names, digest[:VERSION_DIGITS])


def similar(
    dataset: Dataset,
    top: int = 10,
    *,
    seed: int = 0,
    weights: str | Path = SHIPPED,
    bank: str | Path = SHIPPED,
) -> tuple[Similar, ...]:
    """The known skeletons nearest to a table, nearest first, at most `top`.

    The table is cut down to the columns most likely to matter, in several orders; of equal skeletons the
    nearest counts.
    OptionError for a `top` below 1; WeightsError and DataError as in `embed_data`.
    """
    if isinstance(top, bool) or not isinstance(top, int | np.integer) or top < 1:
        raise OptionError(f"top is {top!r}; wanted a whole number, 1 or more")
    known = knowledge(str(weights), str(bank))
    names = dataset.feature_names
    with threadpool_limits(1, user_api="blas"):
        eye = Eye(known.network, dataset.features, seed, BAGS)
        chances = column_chances(eye.look(dataset.target)).tolist()
        views = eye.views(chances, dataset.target, ORDERS, set(known.bank.inputs.tolist()))
        found = nearest(known.bank, views, np.arange(len(known.bank)), eye.temperature, top)
    return tuple(
        Similar(_text(law, names), likeness, tuple(names[j] for j in law.features)) for likeness, law in found
    )


def _notes(dataset: Dataset, columns: tuple[str, ...]) -> tuple[str, ...]:
    if len(columns) == dataset.n_features:
        return dataset.notes
    return (
        *dataset.notes,
        f"the network looks at {INPUTS} columns at most; of {dataset.n_features} it looked at "
        f"{', '.join(columns)}",
    )


def _text(law: Expression, names: tuple[str, ...]) -> str:
    """The skeleton with its constants as c1, c2, ..."""
    codes, payload, count = list(law.codes), list(law.payload), 0
    for node, code in enumerate(law.codes):
        if code == CONSTANT:
            codes[node], payload[node] = VARIABLE, float(len(names) + count)
            count += 1
    free = [f"c{k + 1}" for k in range(count)]
    return format_expression(Expression(tuple(codes), tuple(payload)), [*names, *free])


def _inputs(law: Expression) -> list[int]:
    return [int(v) for code, v in zip(law.codes, law.payload, strict=True) if code == VARIABLE]
