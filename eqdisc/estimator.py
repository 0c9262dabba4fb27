"""`discover` with the face of scikit-learn."""

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.given_units import GivenUnits
from eqdisc.data.resolution import resolution
from eqdisc.data.surfaces import JointDataset
from eqdisc.discovery import discover
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.operators import Macro, OperatorSet
from eqdisc.findings import Discovery
from eqdisc.search.proposer import Proposer
from eqdisc.surface_discovery import discover_surface
from eqdisc.surface_finding import SurfaceDiscovery

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.utils import Tags


class SymbolicRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Regression whose model is an equation.

    operators    : "+ - * / sqrt exp" or a list of names; None for the default set
    macros       : operators of your own: "sq1(x)=x**2+1"
    blocks       : building blocks that you expect in the law: "a - b"
    time_limit   : seconds for each `fit`, compilation left out
    epochs       : exactly so many epochs instead, so that a fit can be repeated to the bit
    max_size     : nodes the equation may have
    threads      : None for every core; never changes the answer
    proposers    : strategies; None for all
    pretrained   : whether strategies may use what was learned before from other tables
    units        : of columns, such as {"v": "m/s"}; constants, physical_constants: as in `discover`
    random_state : a number, a `RandomState`, or None for another search at every fit

    A row that occurs twice counts as one of double weight and the order of rows does not matter. With
    `time_limit` two fits of the same data may do a different number of epochs; `discovery_.epochs` tells it.

    Several targets, y of shape (n, m), are searched together: their equations share what they have in common.
    Then `time_limit` is that of all, `epochs` those of the search for each that structure does not tell, and
    all rows count alike; what has no meaning there (`blocks`, `proposers`, `units`, `constants`,
    `physical_constants`, unlike weights) is for one target.

    After `fit`: `discovery_` (a `Discovery`; of several targets a `SurfaceDiscovery`), `equations_` (the
    front as a data frame; of several targets a mapping from their names), `n_features_in_` and, where X was a
    data frame, `feature_names_in_`.

    Example
    -------
    >>> from eqdisc.proposers.seeds import Seeds
    >>> X = np.arange(1.0, 9.0).reshape(-1, 1)
    >>> model = SymbolicRegressor(proposers=[Seeds(("sqrt(x0)",))], epochs=1).fit(X, 2.5 * np.sqrt(X[:, 0]))
    >>> model.predict([[16.0]])
    array([10.])
    """

    def __init__(
        self,
        operators: str | Sequence[str] | OperatorSet | None = None,
        *,
        macros: Sequence[str | Macro] = (),
        blocks: Sequence[str] = (),
        time_limit: float = 30.0,
        epochs: int | None = None,
        max_size: int = 60,
        threads: int | None = None,
        proposers: str | Sequence[str | Proposer] | None = None,
        pretrained: bool = True,
        units: GivenUnits | None = None,
        constants: str = "free",
        physical_constants: str | Sequence[str] = (),
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.operators = operators
        self.macros = macros
        self.blocks = blocks
        self.time_limit = time_limit
        self.epochs = epochs
        self.max_size = max_size
        self.threads = threads
        self.proposers = proposers
        self.pretrained = pretrained
        self.units = units
        self.constants = constants
        self.physical_constants = physical_constants
        self.random_state = random_state

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the law of y (n,) from X (n, features), or the laws of y (n, m) together.

        sample_weight : (n,) weights of the squared residuals
        Rows of weight zero are as good as absent. ValueError for missing, infinite, complex or sparse input,
        for shapes that do not fit and for fewer than 4 rows.
        """
        shape = getattr(y, "shape", None)
        shape = np.asarray(y).shape if shape is None else shape
        if len(shape) == 2 and shape[1] > 1:
            return self._fit_several(X, y, sample_weight)
        features, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=4)
        target = target.astype(np.float64)
        weights = (
            np.ones_like(target) if sample_weight is None else _checked_weights(sample_weight, target.size)
        )
        self.discovery_: Discovery | SurfaceDiscovery = discover(
            _dataset(
                *_distinct_rows(features, target, weights), self._feature_names(), getattr(y, "name", None)
            ),
            operators=self.operators,
            macros=self.macros,
            blocks=self.blocks,
            time_limit=self.time_limit,
            epochs=self.epochs,
            seed=self._seed(),
            threads=self.threads,
            max_size=self.max_size,
            proposers=self.proposers,
            pretrained=self.pretrained,
            units=self.units,
            constants=self.constants,
            physical_constants=self.physical_constants,
        )
        return self

    def _fit_several(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Self:
        for name in ("blocks", "proposers", "units", "physical_constants"):
            if getattr(self, name):
                raise OptionError(f"{name} is for one target; leave it out, or fit each target by itself")
        if self.constants != "free":
            raise OptionError("constants is for one target; leave it out, or fit each target by itself")
        features, targets = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, multi_output=True, ensure_min_samples=4
        )
        if not isinstance(targets, np.ndarray):
            raise DataError("the targets are a sparse matrix; wanted an array: y.toarray()")
        if sample_weight is not None:
            weights = _checked_weights(sample_weight, len(targets))
            present = weights > 0.0
            if np.any(weights[present] != weights[present][0]):
                raise DataError("rows of unlike weight are for one target; fit each target by itself")
            features, targets = features[present], targets[present]
        order = np.lexsort(np.column_stack([features, targets]).T[::-1])
        names = self._feature_names()
        given = [str(name) for name in getattr(y, "columns", [f"y{j}" for j in range(targets.shape[1])])]
        self.discovery_ = discover_surface(
            JointDataset.of(features[order], targets[order], names, _apart(given, names)),
            operators=self.operators,
            macros=self.macros,
            time_limit=self.time_limit,
            epochs=self.epochs,
            seed=self._seed(),
            threads=self.threads,
            max_size=self.max_size,
            pretrained=self.pretrained,
        )
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """Values (n,) of the best law, or (n, m) of several; NaN or infinity where it has none."""
        check_is_fitted(self)
        return self.discovery_.predict(validate_data(self, X, dtype=np.float64, reset=False))

    @property
    def equations_(self) -> "pd.DataFrame | dict[str, str]":
        """The front, simplest law first; `chosen` marks the one that `predict` uses.

        Of several targets: the equation of each, as SymPy text, by its name.
        """
        import pandas as pd

        check_is_fitted(self)
        if isinstance(self.discovery_, SurfaceDiscovery):
            return self.discovery_.best.equations
        table = pd.DataFrame([law.record() for law in self.discovery_.front])
        table["chosen"] = [law is self.discovery_.best for law in self.discovery_.front]
        return table

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))

    def _feature_names(self) -> list[str]:
        given = getattr(self, "feature_names_in_", None)
        return (
            [f"x{j}" for j in range(self.n_features_in_)] if given is None else [str(name) for name in given]
        )


def _checked_weights(sample_weight: ArrayLike, n_rows: int) -> FloatArray:
    weights: FloatArray = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.shape != (n_rows,):
        raise DataError(
            f"sample_weight has shape {weights.shape}; wanted one weight for each of the {n_rows} rows"
        )
    if np.any(weights < 0.0) or not np.any(weights > 0.0):
        raise DataError("sample_weight must not be below zero, nor zero in every row")
    return weights


def _distinct_rows(
    features: FloatArray, target: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """The distinct rows of positive weight, sorted, with their summed weights (None where all are equal).

    Makes a weight of two the same as a row given twice, to the last bit, and the order of rows of no account.
    """
    present = weights > 0.0
    table = np.column_stack([features[present], target[present]])
    rows, place = np.unique(table, axis=0, return_inverse=True)
    sums = np.bincount(place.ravel(), weights=weights[present]).astype(np.float64)
    return rows[:, :-1], rows[:, -1], None if np.all(sums == sums[0]) else sums


def _apart(target_names: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names of targets, each different from all features."""
    found = []
    for name in target_names:
        while name in names:
            name += "_"
        found.append(name)
    return found


def _dataset(
    features: FloatArray,
    target: FloatArray,
    weights: FloatArray | None,
    names: list[str],
    target_name: object,
) -> Dataset:
    (chosen,) = _apart([target_name if isinstance(target_name, str) and target_name else "y"], names)
    if np.any(target != target[0]):
        return Dataset.of(features, target, names, chosen, weights)
    # `Dataset.of` refuses people a constant target; to a pipeline it is a fit of a constant.
    varied = Dataset.of(features, np.arange(target.size), names, chosen, weights)
    return replace(varied, target=target, target_resolution=resolution(target))
