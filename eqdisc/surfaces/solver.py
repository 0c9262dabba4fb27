"""The explicit search for one output among several: what is left when structure alone does not tell."""

from collections.abc import Sequence

from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import DEFAULT_OPERATORS, OperatorSet
from eqdisc.search.engine import StopReason
from eqdisc.search.spelling import allowed_codes
from eqdisc.settings import Settings
from eqdisc.surfaces.law import InterruptedSearch
from eqdisc.task import SearchTask

SURFACE_OPERATORS = DEFAULT_OPERATORS + " sinh cosh tan atan"
LEAST_SECONDS = 0.01  # a limit is above zero; a search has an epoch at least, however late it is
MOST_BLOCKS = 8


def surface_language(operators: str | Sequence[str] | OperatorSet | None) -> OperatorSet:
    """What laws of surfaces may be made of: the operators given, or the usual ones, sinh, cosh, tan, atan.

    >>> "cosh" in surface_language(None), "cosh" in surface_language("+ * sin")
    (True, False)
    """
    if isinstance(operators, OperatorSet):
        return operators
    if operators is None:
        return OperatorSet.parse(SURFACE_OPERATORS)
    return OperatorSet.parse(operators if isinstance(operators, str) else " ".join(operators))


def explicit_solver(
    dataset: Dataset,
    language: OperatorSet,
    *,
    time_limit: float,
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    pretrained: bool = True,
    blocks: Sequence[Expression] = (),
) -> tuple[Expression, ...]:
    """Laws of one target, the chosen one first, then those of the front from the most accurate down.

    time_limit, epochs, pretrained : as in `eqdisc.discover`
    blocks     : building blocks that are likely in it; those outside the language are left out

    InterruptedSearch, which has the laws so far, where Ctrl-C ended the search.

    >>> import numpy as np
    >>> x = np.linspace(1.0, 2.0, 30)
    >>> table, language = Dataset.of(x[:, None], 3.0 * x**2), OperatorSet.of("add", "mul")
    >>> laws = explicit_solver(table, language, time_limit=5.0)
    >>> laws[0].size <= 5
    True
    """
    codes = allowed_codes(language)
    usable = [block for block in dict.fromkeys(blocks) if block.size > 1 and codes.issuperset(block.codes)]
    settings = Settings(
        operators=" ".join(language.names),
        time_limit=max(LEAST_SECONDS, time_limit),
        epochs=epochs,
        seed=seed,
        threads=threads,
        max_size=max_size,
        pretrained=pretrained,
        blocks=tuple(format_expression(block, dataset.feature_names) for block in usable[:MOST_BLOCKS]),
    )
    found = SearchTask.of(dataset, settings, language, None).run()
    accurate = sorted(found.front, key=lambda law: law.loss)
    laws = tuple(dict.fromkeys(law.tree for law in (found.best, *accurate)))
    if found.stopped is StopReason.INTERRUPTED:
        raise InterruptedSearch(laws)
    return laws
