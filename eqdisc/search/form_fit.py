"""The fit of a given form: its free parameters at their least-squares optimum, from many starts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.errors import InputError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form, filled
from eqdisc.expr.operators import nearest
from eqdisc.scoring.uncertainty import ErrorBars, error_bars
from eqdisc.search.least_squares import Model, Point, minimise, refined
from eqdisc.search.multistart import best_of_many, places_of, tidied
from eqdisc.search.sample import sample

STARTS = 16_384
SAMPLE_ROWS = 300
TRIED = 200  # starts that say whether a row is ever finite
LAST_STEPS = 100
LAST_GAIN = 1e-15


@dataclass(frozen=True, eq=False)
class FormFit:
    """A form at the least-squares optimum of its parameters.

    form       : what was fitted
    values     : (p,) the parameters, in the order of `form.parameters`
    expression : the law with these values
    owners     : (c,) which parameter, from 0, each constant of the law is; -1 for a number of the form
    loss       : weighted mean squared residual
    error_bars : of the constants of the law, a parameter at two places being one
    notes      : what the reader should know of how the form was read
    """

    form: Form
    values: FloatArray
    expression: Expression
    owners: tuple[int, ...]
    loss: float
    error_bars: ErrorBars
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, float]:
        """Value of each parameter by name."""
        return dict(zip(self.form.parameters, self.values.tolist(), strict=True))

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter by name; infinite for one that the table does not determine."""
        spread = self.error_bars.standard_errors[self._places]
        return dict(zip(self.form.parameters, spread.tolist(), strict=True))

    @property
    def covariance(self) -> FloatArray:
        """(p, p) covariance of the parameters."""
        covariance: FloatArray = self.error_bars.covariance[np.ix_(self._places, self._places)]
        return covariance

    @property
    def _places(self) -> list[int]:
        return [self.owners.index(j) for j in range(len(self.values))]


def fit_form(
    form: Form,
    dataset: Dataset,
    *,
    starts: int = STARTS,
    seed: int = 0,
    start_values: Mapping[str, float] | None = None,
) -> FormFit:
    """Fit the parameters of a form to a table, from many seeded starts; nothing is compiled.

    starts       : starts looked at, at most; the best of them are followed to their optimum, until several
                   end in the same one
    start_values : first guesses of some or all parameters, by name; the starts are then near them

    Of equivalent optima (signs, turns of an angle) the one with the fewest negative parameters is given. The
    rows count by their weights; error bars are those of `eqdisc.scoring.uncertainty`. InputError for a form
    with unknown functions, for fewer rows than parameters, and for a form that has no finite value on some
    row whatever its parameters.

    Example
    -------
    >>> t = np.linspace(0.0, 8.0, 40)
    >>> table = Dataset.of(t[:, None], 2.0 * np.exp(-0.7 * t) + 0.5, names=["t"])
    >>> fit = fit_form(Form.parse("y = a*exp(-b*t) + c", ["t"]), table)
    >>> {name: round(value, 9) for name, value in fit.parameters.items()}
    {'a': 2.0, 'b': 0.7, 'c': 0.5}
    """
    given = _checked(form, dataset, start_values or {})
    few = sample(dataset, SAMPLE_ROWS)
    model = _model(form, few)
    near = _finite_start(form, model, starts, seed, given)
    whole = model if few is dataset else _model(form, dataset)
    found = minimise(whole, near, LAST_STEPS, LAST_GAIN)
    if found is None:
        raise _not_finite(form, whole, near[None, :])
    return _result(form, dataset, refined(whole, found))


def _model(form: Form, dataset: Dataset) -> Model:
    """The form on the columns that it reads."""
    first = len(form.columns)
    read = [j for j in form.tree.features if j < first] or [0]
    parameters = {first + j: len(read) + j for j in range(len(form.parameters))}
    tree = form.tree.remap_features({j: k for k, j in enumerate(read)} | parameters)
    narrow = replace(
        dataset,
        features=np.ascontiguousarray(dataset.features[:, read]),
        feature_names=tuple(dataset.feature_names[j] for j in read),
        feature_resolution=dataset.feature_resolution[read],
        feature_units=tuple(dataset.feature_units[j] for j in read),
    )
    return Model(tree, len(read), len(form.parameters), narrow)


def _checked(form: Form, dataset: Dataset, start_values: Mapping[str, float]) -> dict[int, float]:
    """The start values by index of the parameter."""
    if form.calls:
        names = ", ".join(form.functions)
        raise InputError(
            f"'{form.text}' has unknown functions ({names}); a fit needs a form without, a search finds them"
        )
    if form.columns != dataset.feature_names:
        raise OptionError(
            f"the form was read for the columns {', '.join(form.columns)}; the table has "
            f"{', '.join(dataset.feature_names)}"
        )
    rows = _rows(dataset)
    if len(form.parameters) > rows:
        raise InputError(
            f"'{form.text}' has {len(form.parameters)} parameters and the table {rows} rows; "
            "give as many rows as parameters, better many more, or fix some parameters as numbers"
        )
    for name, value in start_values.items():
        if name not in form.parameters:
            known = ", ".join(form.parameters) or "none"
            hint = nearest(name, form.parameters)
            raise OptionError(f"a start value is given for '{name}', the parameters are {known}{hint}")
        if not np.isfinite(value):
            raise OptionError(f"the start value of '{name}' is {value}; wanted a finite number")
    return {form.parameters.index(name): float(value) for name, value in start_values.items()}


def _rows(dataset: Dataset) -> int:
    return dataset.n_rows if dataset.weights is None else int(np.count_nonzero(dataset.weights))


def _finite_start(form: Form, model: Model, starts: int, seed: int, given: dict[int, float]) -> FloatArray:
    found = best_of_many(model, starts, np.random.default_rng(seed), given)
    if found is None:
        tried = places_of(model).draw(np.random.default_rng(seed), TRIED, given)
        raise _not_finite(form, model, tried)
    return found if given else tidied(model, found)


def _not_finite(form: Form, model: Model, tried: FloatArray) -> InputError:
    """For a form that is not finite on all rows at any of the (s, p) parameters tried."""
    finite = np.isfinite(model.values(tried)).any(axis=0)
    advice = "leave such rows out, change the form, or give start values"
    if finite.all():
        return InputError(f"'{form.text}' is not finite on all rows for any parameters tried; {advice}")
    row = int(np.argmin(finite))
    cells = zip(model.dataset.feature_names, model.dataset.features[row], strict=True)
    where = ", ".join(f"{name} = {value:.6g}" for name, value in cells)
    return InputError(
        f"'{form.text}' has no finite value where {where}, for any parameters tried: a logarithm or a root "
        f"of a negative number, a division by zero? {advice.capitalize()}"
    )


def _result(form: Form, dataset: Dataset, found: Point) -> FormFit:
    law, owners = filled(form.tree, len(form.columns), found.parameters.tolist())
    free = [owner >= 0 for owner in owners]
    bars = error_bars(law, dataset, free, owners)
    return FormFit(form, found.parameters, law, owners, found.loss, bars, form.notes)
