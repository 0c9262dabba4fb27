"""A scikit-learn pipeline: one step picks columns, the next finds the equation, cross-validation judges."""

import numpy as np
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from eqdisc import SymbolicRegressor

rng = np.random.default_rng(1)
X = rng.uniform(1.0, 3.0, size=(120, 6))
y = 1.5 * X[:, 2] ** 2 / X[:, 4]

model = make_pipeline(
    SelectKBest(f_regression, k=2),
    SymbolicRegressor("+ - * / square", epochs=1, max_size=15, random_state=0),
)
scores = cross_val_score(model, X, y, cv=3, scoring="r2")
model.fit(X, y)

print(f"columns  {model[0].get_support(indices=True).tolist()}")
print(f"law      {model[-1].discovery_.best.expression}")
print(f"R2 of three folds  {np.round(scores, 6).tolist()}")
print(model[-1].equations_[["complexity", "loss", "chosen"]])
