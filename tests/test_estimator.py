import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from eqdisc.discovery import discover
from eqdisc.estimator import SymbolicRegressor
from eqdisc.proposers.seeds import Seeds
from eqdisc.search.engine import StopReason
from tests.quick import quick_epochs

X = np.random.default_rng(0).uniform(1.0, 4.0, (80, 2))
Y = 2.5 * X[:, 0] / X[:, 1] + 1.0
SUGGESTION = (Seeds(("x0", "x0/x1")),)
DENSITY = pd.Series(Y, name="density")


SHORT = {"epochs": 1, "time_limit": 0.5, "threads": 1, "max_size": 20}
#: Checks for which it matters what is searched, and how: made with all strategies, the others with one.
OF_ALL = {
    *("check_dict_unchanged", "check_fit_idempotent", "check_regressor_multioutput", "check_regressors_int")
}


def checks():
    """Those of scikit-learn, each with one strategy or with all of them; all with all of them if -m slow."""
    found = []
    for strategies in ("closed_form", None):
        for estimator, check in estimator_checks_generator(SymbolicRegressor(proposers=strategies, **SHORT)):
            name = check.func.__name__
            slow = [] if (name in OF_ALL) == (strategies is None) else [pytest.mark.slow]
            if strategies is None or not slow:
                found.append(pytest.param(estimator, check, marks=slow, id=f"{name}-{strategies or 'all'}"))
    return found


@pytest.mark.parametrize(("estimator", "check"), checks())
def test_scikit_learn_finds_nothing_to_complain_of(estimator, check):
    with quick_epochs():
        check(estimator)


@pytest.fixture(scope="module")
def model():
    return SymbolicRegressor(proposers=SUGGESTION, epochs=2).fit(X, Y)


def test_fit_and_predict(model):
    np.testing.assert_allclose(model.predict(X), Y, rtol=1e-12)
    assert model.score(X, Y) == pytest.approx(1.0)


def test_equations_are_the_front(model):
    table = model.equations_
    assert isinstance(table, pd.DataFrame)
    assert list(table["complexity"]) == [law.complexity for law in model.discovery_.front]
    assert table["chosen"].sum() == 1
    assert table.loc[table["chosen"], "expression"].item() == model.discovery_.best.expression


def test_a_pickle_and_a_clone(model):
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.predict(X), model.predict(X))
    assert copy.equations_.equals(model.equations_)
    fresh = clone(model)
    assert not hasattr(fresh, "discovery_")
    assert not hasattr(fresh, "equations_")
    assert np.array_equal(fresh.fit(X, Y).predict(X), model.predict(X))


def test_names_of_a_data_frame_are_kept():
    frame = pd.DataFrame(X, columns=["mass", "size"])
    model = SymbolicRegressor(proposers=(Seeds(("mass/size",)),), epochs=1).fit(frame, DENSITY)
    assert list(model.feature_names_in_) == ["mass", "size"]
    assert "mass" in model.discovery_.best.expression
    assert model.discovery_.target_name == "density"
    assert np.array_equal(model.predict(frame), model.discovery_.predict(X))


def test_a_target_named_like_a_feature_gets_another_name():
    frame = pd.DataFrame(X, columns=["y", "z"])
    model = SymbolicRegressor(proposers=(Seeds(("y/z",)),), epochs=1).fit(frame, Y)
    assert model.discovery_.target_name == "y_"


def test_a_weight_is_a_repetition_and_the_order_of_rows_is_nothing():
    random = np.random.default_rng(3)
    noisy = Y + random.normal(size=80)
    weights = random.integers(0, 4, 80)
    order = random.permutation(80)
    settings = SymbolicRegressor(proposers=SUGGESTION, epochs=1)
    weighted = clone(settings).fit(X[order], noisy[order], sample_weight=weights[order])
    repeated = clone(settings).fit(X.repeat(weights, axis=0), noisy.repeat(weights))
    assert weighted.discovery_.front == repeated.discovery_.front


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "one weight for each of the 80 rows"),
        (-np.ones(80), "below zero"),
        (np.zeros(80), "every row"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        SymbolicRegressor(proposers=SUGGESTION, epochs=1).fit(X, Y, sample_weight=weights)


def test_a_constant_target_is_fitted_by_its_constant():
    model = SymbolicRegressor(epochs=1).fit(X, np.full(80, 0.1))
    assert np.array_equal(model.predict(X), np.full(80, 0.1))


def test_in_a_pipeline_and_a_grid_search():
    linear = SymbolicRegressor(proposers=(Seeds(("x0", "x0*x1")),), epochs=1)
    pipeline = make_pipeline(StandardScaler(), linear)
    assert pipeline.fit(X, Y).score(X, Y) > 0.3
    grid = GridSearchCV(
        SymbolicRegressor(epochs=1), {"proposers": [(Seeds(("x0",)),), (Seeds(("x0/x1",)),)]}, cv=3
    ).fit(X, Y)
    assert grid.best_params_["proposers"][0].expressions == ("x0/x1",)
    assert grid.best_score_ == pytest.approx(1.0)


def test_random_state_is_the_seed_of_discover():
    by_estimator = SymbolicRegressor(proposers=SUGGESTION, epochs=1, random_state=11).fit(X, Y).discovery_
    assert by_estimator.seed == 11
    drawn = SymbolicRegressor(proposers=SUGGESTION, epochs=1, random_state=np.random.RandomState(5)).fit(X, Y)
    assert drawn.discovery_.seed == np.random.RandomState(5).randint(2**31)


def test_random_state_none_draws_anew():
    model = SymbolicRegressor(proposers=SUGGESTION, epochs=1, random_state=None)
    assert model.fit(X, Y).discovery_.seed != model.fit(X, Y).discovery_.seed


def test_predict_agrees_with_discover():
    from eqdisc.data.dataset import Dataset

    order = np.lexsort(np.column_stack([X, Y]).T[::-1])
    direct = discover(Dataset.of(X[order], Y[order]), proposers=SUGGESTION, epochs=1)
    assert SymbolicRegressor(proposers=SUGGESTION, epochs=1).fit(X, Y).discovery_.front == direct.front


TURN = np.linspace(0.0, 6.0, 60)[:, None]
ELLIPSE = np.hstack([3.0 * np.cos(TURN), 2.0 * np.sin(TURN)])


@pytest.fixture(scope="module")
def of_two():
    return SymbolicRegressor(time_limit=60, threads=1).fit(TURN, pd.DataFrame(ELLIPSE, columns=["a", "x0"]))


def test_several_targets_are_searched_together(of_two):
    assert of_two.predict(TURN).shape == ELLIPSE.shape
    np.testing.assert_allclose(of_two.predict(TURN), ELLIPSE, atol=1e-9)
    assert of_two.score(TURN, ELLIPSE) == pytest.approx(1.0)
    assert list(of_two.equations_) == ["a", "x0_"]  # a target named like a feature gets another name
    assert "cos(x0)" in of_two.equations_["a"]
    copy = pickle.loads(pickle.dumps(of_two))
    assert np.array_equal(copy.predict(TURN), of_two.predict(TURN))


def test_one_target_in_a_column_is_one_target():
    model = SymbolicRegressor(proposers=SUGGESTION, epochs=1)
    with pytest.warns(UserWarning, match="column-vector"):
        assert model.fit(X, Y[:, None]).predict(X).shape == (80,)


def test_epochs_of_several_targets_and_whether_networks_are_used_reach_the_search(monkeypatch):
    told = []
    monkeypatch.setattr(
        "eqdisc.surfaces.parametric.fit.explicit_solver",
        lambda *_, epochs, pretrained, **__: told.append((epochs, pretrained)) or (),
    )
    grid = np.random.default_rng(1).uniform(0.3, 3.0, (60, 2))
    bent = np.column_stack([np.exp(np.sin(grid[:, 0] * grid[:, 1])), grid[:, 0]])
    model = SymbolicRegressor(time_limit=1e-6, epochs=7, threads=1, pretrained=False).fit(grid, bent)
    assert set(told) == {(7, False)}
    assert model.discovery_.settings["epochs"] == 7
    assert model.discovery_.stopped is StopReason.EPOCHS


def test_nothing_learned_beforehand_is_used_where_it_is_not_wanted():
    asked = SymbolicRegressor(proposers="snip", pretrained=False, epochs=1)
    with pytest.raises(ValueError, match="pretrained networks are not to be used"):
        asked.fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"blocks": ("x0 + 1",)}, "blocks is for one target"),
        ({"proposers": SUGGESTION}, "proposers is for one target"),
        ({"units": {"x0": "m"}}, "units is for one target"),
        ({"constants": "named"}, "constants is for one target"),
        ({"pretrained": "no"}, "pretrained is 'no'; wanted True or False"),
        ({"epochs": 0}, "epochs is 0; wanted a whole number, 1 or more"),
    ],
)
def test_what_has_no_meaning_for_several_targets(settings, message):
    with pytest.raises(ValueError, match=message):
        SymbolicRegressor(time_limit=1, **settings).fit(TURN, ELLIPSE)


def test_rows_of_unlike_weight_are_for_one_target():
    with pytest.raises(ValueError, match="unlike weight"):
        SymbolicRegressor(time_limit=1).fit(TURN, ELLIPSE, sample_weight=np.arange(60.0))
    with pytest.raises(ValueError, match="NaN"):
        SymbolicRegressor(time_limit=1).fit(TURN, np.where(TURN > 5.0, np.nan, ELLIPSE))
