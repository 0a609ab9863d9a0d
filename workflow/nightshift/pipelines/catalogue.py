"""The allow-list: classes of scikit-learn by their public path, their settable parameters, and bounds on these.

What earned a place: it is fitted on the training cases alone, repeats itself for a seed, predicts a case alone as in
company, and skops can hold it. That leaves out, on purpose:

- NMF: its transform starts from the mean of the batch and stops when the batch as a whole has converged.
- HistGradientBoosting*: skops calls its fitted trees unsafe (indices without bounds checks).
- k-means in any guise: sums over threads in an order of their own.
- whatever takes another estimator or a function (Bagging*, Calibrated*, SelectFromModel, FunctionTransformer).
- *CV classes: they draw folds of their own, which know nothing of groups and time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

# How columns come: "wide" is sparse with thousands of columns (words), "narrow" sparse with few, "dense" an array.
Shape = Literal["wide", "narrow", "dense"]
Steps = list[dict[str, dict[str, Any]]]  # each: one class path -> its parameters

_ANY: tuple[Shape, ...] = ("wide", "narrow", "dense")
_FEW: tuple[Shape, ...] = ("narrow", "dense")
_DENSE: tuple[Shape, ...] = ("dense",)


@dataclass(frozen=True)
class Entry:
    """One allowed class.

    Attributes
    ----------
    parameters : names of the settable parameters, separated by spaces
    takes : shapes of columns that it works on
    gives : shape of the columns that it makes of a shape; a shape not named stays
    classifier : whether it may, and must, be the last step
    dense_unless : a parameter and the value that it needs for sparse columns
    preset : parameters where the default of scikit-learn has no bound, or gives what no other step takes
    bounds : parameter -> least and greatest number, before those of `BOUNDS`
    choices : parameter -> the allowed strings, where scikit-learn knows more
    """

    parameters: str = ""
    takes: tuple[Shape, ...] = _ANY
    gives: dict[Shape, Shape] = field(default_factory=dict)
    classifier: bool = False
    dense_unless: tuple[str, Any] | None = None
    preset: dict[str, Any] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.parameters.split())

    def bound(self, name: str) -> tuple[float, float]:
        return self.bounds.get(name) or BOUNDS.get(name, (-1e9, 1e9))


# Against absurd costs and numbers that only break things; what makes sense is scikit-learn's to say.
BOUNDS: dict[str, tuple[float, float]] = {
    "C": (1e-9, 1e6),
    "alpha": (1e-10, 1e6),
    "coef0": (-100, 100),
    "degree": (0, 3),
    "gamma": (0, 1e6),
    "k": (1, 100_000),
    "learning_rate": (1e-6, 10),
    "max_depth": (1, 64),
    "max_features": (1e-6, 100_000),
    "max_iter": (1, 100_000),
    "max_leaf_nodes": (2, 100_000),
    "n_bins": (2, 100),
    "n_components": (1e-6, 2000),
    "n_estimators": (1, 5000),
    "n_iter": (0, 100),
    "n_iter_no_change": (1, 1000),
    "n_knots": (2, 50),
    "n_neighbors": (1, 1000),
    "n_quantiles": (2, 10_000),
    "threshold": (0, 1e9),
    "tol": (1e-10, 1e3),
}

# The only parameters that are lists: how many numbers, from where to where, whether ascending. Built as tuples.
LISTS: dict[str, tuple[int, int, float, float, bool]] = {
    "feature_range": (2, 2, -1000, 1000, True),
    "quantile_range": (2, 2, 0, 100, True),
    "hidden_layer_sizes": (1, 4, 1, 1000, False),
}

_SELECT = {"score_func": ("f_classif", "chi2", "mutual_info_classif")}
_TO_DENSE: dict[Shape, Shape] = {"wide": "dense", "narrow": "dense"}
_FEWER: dict[Shape, Shape] = {"wide": "narrow"}
_TREE = "max_depth min_samples_split min_samples_leaf max_features max_leaf_nodes min_impurity_decrease ccp_alpha"
_FOREST = f"n_estimators criterion class_weight {_TREE}"
_SGD = "penalty alpha l1_ratio eta0 max_iter tol class_weight fit_intercept early_stopping n_iter_no_change"

_TRANSFORMERS = {
    "sklearn.decomposition.FactorAnalysis": Entry(
        "n_components tol max_iter rotation iterated_power", _DENSE, bounds={"iterated_power": (0, 20)}
    ),
    "sklearn.decomposition.FastICA": Entry("n_components algorithm fun max_iter tol", _DENSE),
    "sklearn.decomposition.LatentDirichletAllocation": Entry(
        "n_components doc_topic_prior topic_word_prior learning_method learning_decay learning_offset max_iter",
        gives=_TO_DENSE,
        bounds={"n_components": (2, 200), "max_iter": (1, 200), "learning_decay": (0.51, 1)},
    ),
    "sklearn.decomposition.PCA": Entry("n_components whiten", _DENSE, choices={"n_components": ()}),
    "sklearn.decomposition.TruncatedSVD": Entry("n_components n_iter", gives=_TO_DENSE),
    "sklearn.ensemble.RandomTreesEmbedding": Entry(
        "n_estimators max_depth min_samples_split min_samples_leaf max_leaf_nodes",
        _FEW,
        gives={"dense": "narrow"},
        bounds={"n_estimators": (1, 500), "max_depth": (1, 10)},
    ),
    "sklearn.feature_extraction.text.TfidfTransformer": Entry(
        "norm use_idf smooth_idf sublinear_tf", gives={"dense": "narrow"}
    ),
    "sklearn.feature_selection.SelectKBest": Entry("score_func k", gives=_FEWER, choices=_SELECT),
    "sklearn.feature_selection.SelectPercentile": Entry(
        "score_func percentile", gives=_FEWER, choices=_SELECT, bounds={"percentile": (0.01, 100)}
    ),
    "sklearn.feature_selection.VarianceThreshold": Entry("threshold"),
    "sklearn.impute.SimpleImputer": Entry("strategy add_indicator keep_empty_features"),
    "sklearn.kernel_approximation.Nystroem": Entry(
        "kernel gamma coef0 degree n_components",
        gives=_TO_DENSE,
        bounds={"degree": (1, 5)},
        choices={"kernel": ("rbf", "polynomial", "poly", "sigmoid", "laplacian", "cosine", "linear")},
    ),
    "sklearn.kernel_approximation.PolynomialCountSketch": Entry(
        "gamma degree coef0 n_components", gives=_TO_DENSE, bounds={"degree": (1, 5)}
    ),
    "sklearn.kernel_approximation.RBFSampler": Entry("gamma n_components", gives=_TO_DENSE),
    "sklearn.preprocessing.Binarizer": Entry("threshold"),
    "sklearn.preprocessing.KBinsDiscretizer": Entry(
        "n_bins encode strategy",
        _DENSE,
        preset={"encode": "onehot-dense"},
        choices={"encode": ("onehot-dense", "ordinal"), "strategy": ("quantile", "uniform")},
    ),
    "sklearn.preprocessing.MaxAbsScaler": Entry("clip"),
    "sklearn.preprocessing.MinMaxScaler": Entry("feature_range clip", _DENSE),
    "sklearn.preprocessing.Normalizer": Entry("norm"),
    "sklearn.preprocessing.PolynomialFeatures": Entry(
        "degree interaction_only include_bias", _FEW, bounds={"degree": (1, 3)}
    ),
    "sklearn.preprocessing.PowerTransformer": Entry("standardize", _DENSE),
    "sklearn.preprocessing.QuantileTransformer": Entry("n_quantiles output_distribution", _DENSE),
    "sklearn.preprocessing.RobustScaler": Entry(
        "with_centering with_scaling quantile_range unit_variance", dense_unless=("with_centering", False)
    ),
    "sklearn.preprocessing.SplineTransformer": Entry(
        "n_knots degree knots extrapolation include_bias",
        _DENSE,
        choices={"extrapolation": ("constant", "linear", "continue")},
    ),
    "sklearn.preprocessing.StandardScaler": Entry("with_mean with_std", dense_unless=("with_mean", False)),
    "sklearn.random_projection.GaussianRandomProjection": Entry(
        "n_components", gives=_TO_DENSE, preset={"n_components": 100}, choices={"n_components": ()}
    ),
    "sklearn.random_projection.SparseRandomProjection": Entry(
        "n_components density",
        gives=_TO_DENSE,
        preset={"n_components": 100, "dense_output": True},
        choices={"n_components": ()},
    ),
}


def _classifier(parameters: str, takes: tuple[Shape, ...] = _ANY, **rest: Any) -> Entry:
    return Entry(parameters, takes, classifier=True, **rest)


_CLASSIFIERS = {
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": _classifier("solver shrinkage", _DENSE),
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": _classifier("reg_param", _DENSE),
    "sklearn.ensemble.AdaBoostClassifier": _classifier("n_estimators learning_rate", _FEW),
    "sklearn.ensemble.ExtraTreesClassifier": _classifier(_FOREST, _FEW),
    "sklearn.ensemble.GradientBoostingClassifier": _classifier(
        f"n_estimators learning_rate loss subsample n_iter_no_change {_TREE}",
        _FEW,
        bounds={"n_estimators": (1, 2000), "max_depth": (1, 12)},
    ),
    "sklearn.ensemble.RandomForestClassifier": _classifier(
        f"{_FOREST} max_samples", _FEW, bounds={"max_samples": (1e-3, 1)}
    ),
    "sklearn.linear_model.LogisticRegression": _classifier(
        "C l1_ratio solver max_iter tol fit_intercept class_weight", bounds={"max_iter": (1, 20_000)}
    ),
    "sklearn.linear_model.Perceptron": _classifier(_SGD, bounds={"max_iter": (1, 20_000)}),
    "sklearn.linear_model.RidgeClassifier": _classifier("alpha fit_intercept class_weight"),
    "sklearn.linear_model.SGDClassifier": _classifier(
        f"loss learning_rate power_t average {_SGD}",
        bounds={"max_iter": (1, 20_000), "power_t": (-10, 10)},
        choices={
            "loss": ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"),
            "learning_rate": ("optimal", "constant", "invscaling", "adaptive"),
        },
    ),
    "sklearn.naive_bayes.BernoulliNB": _classifier("alpha binarize fit_prior"),
    "sklearn.naive_bayes.ComplementNB": _classifier("alpha norm"),
    "sklearn.naive_bayes.GaussianNB": _classifier("var_smoothing", _DENSE, bounds={"var_smoothing": (1e-12, 1e3)}),
    "sklearn.naive_bayes.MultinomialNB": _classifier("alpha fit_prior"),
    "sklearn.neighbors.KNeighborsClassifier": _classifier(
        "n_neighbors weights metric p",
        _DENSE,
        preset={"algorithm": "brute"},
        bounds={"p": (1, 10)},
        choices={
            "metric": ("minkowski", "euclidean", "manhattan", "chebyshev", "cosine"),
            "weights": ("uniform", "distance"),
        },
    ),
    "sklearn.neighbors.NearestCentroid": _classifier("shrink_threshold", _DENSE),
    "sklearn.neural_network.MLPClassifier": _classifier(
        "hidden_layer_sizes activation solver alpha batch_size learning_rate learning_rate_init max_iter tol "
        "early_stopping n_iter_no_change momentum",
        bounds={"max_iter": (1, 2000), "batch_size": (1, 10_000), "learning_rate_init": (1e-8, 10)},
    ),
    "sklearn.svm.LinearSVC": _classifier(
        "C penalty loss max_iter tol fit_intercept class_weight", bounds={"max_iter": (1, 20_000)}
    ),
    "sklearn.svm.SVC": _classifier(
        "C kernel gamma coef0 degree shrinking tol max_iter class_weight",
        preset={"max_iter": 100_000},
        choices={"kernel": ("rbf", "linear", "poly", "sigmoid"), "gamma": ("scale", "auto")},
    ),
    "sklearn.tree.DecisionTreeClassifier": _classifier(f"criterion splitter class_weight {_TREE}", _FEW),
    "sklearn.tree.ExtraTreeClassifier": _classifier(f"criterion splitter class_weight {_TREE}", _FEW),
}

CATALOGUE: dict[str, Entry] = {**_TRANSFORMERS, **_CLASSIFIERS}


def misfit(steps: Steps, shape: Shape) -> int | None:
    """Number of the first of checked steps that does not work on what it gets, when columns of `shape` enter; or None."""
    for number, step in enumerate(steps, 1):
        [(path, parameters)] = step.items()
        entry = CATALOGUE[path]
        if shape not in _taken(entry, parameters):
            return number
        shape = entry.gives.get(shape, shape)
    return None


def _taken(entry: Entry, parameters: dict[str, Any]) -> tuple[Shape, ...]:
    if entry.dense_unless is None:
        return entry.takes
    name, value = entry.dense_unless
    return entry.takes if parameters.get(name) == value else _DENSE
