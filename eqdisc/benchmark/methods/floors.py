"""Floors: what the mean, a line, a polynomial, neighbours and an ensemble of trees reach (scikit-learn)."""

import warnings
from dataclasses import dataclass
from functools import reduce
from math import comb
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.method import Answer, Budget
from eqdisc.benchmark.methods.common import (
    implicit_answer,
    law_answer,
    mean_law,
    package_version,
    restored,
    variable,
    working_units,
)
from eqdisc.benchmark.task import Form
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.expr.expression import Expression


class _Floor:
    """What all floors have in common: scikit-learn is always there."""

    def available(self) -> str | None:
        """Always: scikit-learn is a dependency."""
        return None

    def version(self) -> str:
        """Of scikit-learn."""
        return package_version("scikit-learn")


@dataclass(frozen=True)
class Mean(_Floor):
    """The mean of the target: a law that explains nothing has an R2 of 0."""

    name: str = "mean"

    def warm_up(self) -> None:
        """Nothing."""

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """The (weighted) mean."""
        return law_answer(mean_law(train), train, {})

    def surfaces(self) -> tuple[Form, ...]:
        """Points too: of their last coordinate the mean is told."""
        return ("implicit", "hidden")

    def warm_up_surface(self, form: Form) -> None:
        """Nothing."""

    def solve_surface(self, form: Form, table: JointDataset | Cloud, budget: Budget, seed: int) -> Answer:
        """The plane at the mean of the last coordinate, as of a target."""
        points, names = _cloud(table)
        return plane_answer(points, names, np.eye(len(names))[-1])


@dataclass(frozen=True)
class Linear(_Floor):
    """Ordinary least squares on standardised features."""

    name: str = "linear"

    def warm_up(self) -> None:
        """Import scikit-learn."""
        import sklearn.linear_model  # noqa: F401

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """intercept + sum of slope * feature."""
        from sklearn.linear_model import LinearRegression

        table, scaling = working_units(train)
        model = LinearRegression()
        terms = [variable(j) for j in range(table.n_features)]
        law, _ = _linear_law(model, table.features, table, terms)
        return law_answer(restored(law, scaling), train, {"terms": len(terms)})

    def surfaces(self) -> tuple[Form, ...]:
        """Points too."""
        return ("implicit", "hidden")

    def warm_up_surface(self, form: Form) -> None:
        """Nothing."""

    def solve_surface(self, form: Form, table: JointDataset | Cloud, budget: Budget, seed: int) -> Answer:
        """The plane with the least mean squared distance from the points: total least squares."""
        points, names = _cloud(table)
        _, _, directions = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
        return plane_answer(points, names, directions[-1])


@dataclass(frozen=True)
class PolynomialLasso(_Floor):
    """Least squares on those monomials up to degree 3 that the lasso keeps, its penalty by cross-validation.

    terms : no more than so many monomials; the degree falls to 2 or 1 where a table has too many columns
    """

    name: str = "polynomial-lasso"
    degree: int = 3
    terms: int = 120

    def warm_up(self) -> None:
        """Import scikit-learn."""
        import sklearn.linear_model
        import sklearn.preprocessing  # noqa: F401

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """intercept + sum of slope * monomial, without the monomials that the lasso drops."""
        from sklearn.linear_model import LassoCV, LinearRegression
        from sklearn.preprocessing import PolynomialFeatures

        table, scaling = working_units(train)
        degree = next((d for d in range(self.degree, 1, -1) if self._fits(d, table.n_features)), 1)
        monomials = PolynomialFeatures(degree, include_bias=False)
        features = monomials.fit_transform(table.features)
        folds = int(np.clip(table.n_rows // 2, 2, 5))
        model = LassoCV(cv=folds, n_jobs=None, random_state=seed, max_iter=500, tol=1e-3)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            terms = [_monomial(row) for row in monomials.powers_]
            law, chosen = _linear_law(model, features, table, terms)
        if 0 < len(chosen) < table.n_rows // 2:
            kept = [terms[place] for place in chosen]
            law, _ = _linear_law(LinearRegression(), features[:, chosen], table, kept)
        details = {
            "degree": degree,
            "terms": len(chosen),
            "converged": not any("converge" in str(warning.message).lower() for warning in caught),
        }
        return law_answer(restored(law, scaling), train, details)

    def _fits(self, degree: int, n_features: int) -> bool:
        return comb(n_features + degree, degree) - 1 <= self.terms


@dataclass(frozen=True)
class Boosting(_Floor):
    """Histogram gradient boosting with its default settings: how well no formula at all predicts."""

    name: str = "gradient-boosting"

    def warm_up(self) -> None:
        """Import scikit-learn."""
        import sklearn.ensemble  # noqa: F401

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """A model without an expression."""
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        model = HistGradientBoostingRegressor(random_state=seed)
        with threadpool_limits(budget.threads):
            model.fit(train.features, train.target, train.weights)
        return Answer(None, model.predict, {"trees": int(model.n_iter_)})


@dataclass(frozen=True)
class Nearest(_Floor):
    """The mean of the five nearest rows, features as they are: what is known without any law."""

    name: str = "nearest-5"
    neighbours: int = 5

    def warm_up(self) -> None:
        """Import scikit-learn."""
        import sklearn.neighbors  # noqa: F401

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """A model without an expression."""
        from sklearn.neighbors import KNeighborsRegressor

        model = KNeighborsRegressor(min(self.neighbours, train.n_rows), n_jobs=budget.threads)
        model.fit(train.features, train.target)
        return Answer(None, model.predict, {})


def plane_answer(points: FloatArray, names: tuple[str, ...], normal: FloatArray) -> Answer:
    """The plane through the mean of points (n, d) with that normal, as an implicit law."""
    terms = [variable(j, float(slope)) for j, slope in enumerate(normal) if slope != 0.0]
    law = reduce(lambda a, b: a + b, terms) - Expression.constant(float(points.mean(axis=0) @ normal))
    return implicit_answer(law, names, {})


def _cloud(table: JointDataset | Cloud) -> Cloud:
    assert isinstance(table, Cloud)  # `surfaces` names no other form
    return table


def _monomial(powers: FloatArray) -> Expression:
    """The product of the features, each so often as `powers` says."""
    factors = [variable(j) for j, power in enumerate(powers) for _ in range(int(power))]
    return reduce(lambda a, b: Expression.apply("mul", a, b), factors)


def _linear_law(
    model: Any, features: FloatArray, table: Dataset, terms: list[Expression]
) -> tuple[Expression, list[int]]:
    """Fit a linear model to the standardised columns of `features` (n, terms): its law, the terms in it."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    # A column that is constant up to rounding tells nothing; dividing by its spread would make it noise.
    useful = np.flatnonzero(spread > 1e-12 * np.abs(mean))
    if not useful.size:
        return mean_law(table), []
    columns = (features[:, useful] - mean[useful]) / spread[useful]
    model.fit(columns, table.target, sample_weight=table.weights)
    slopes = model.coef_ / spread[useful]
    law = Expression.constant(float(model.intercept_ - slopes @ mean[useful]))
    chosen = [int(place) for place, slope in zip(useful, slopes, strict=True) if slope != 0.0]
    for place, slope in zip(chosen, slopes[slopes != 0.0], strict=True):
        law = law + Expression.constant(float(slope)) * terms[place]
    return law, chosen
