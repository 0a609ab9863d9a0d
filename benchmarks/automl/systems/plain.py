"""Preprocessing as in a notebook: one-hot categories, imputed and scaled numbers, TF-IDF and SVD of each text."""

from __future__ import annotations

from common import Task
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

_COMPONENTS = 50


def encoder(task: Task) -> ColumnTransformer:
    """Table columns and texts to a dense matrix; unfitted."""
    rest = task.train.drop(columns=task.texts)
    numbers = list(rest.select_dtypes("number"))
    categories = [name for name in rest if name not in numbers]
    numeric = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False)
    parts = [("numbers", numeric, numbers), ("categories", hot, categories)]
    for name in task.texts:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
        parts.append((name, make_pipeline(words, TruncatedSVD(_COMPONENTS, random_state=0)), name))
    return ColumnTransformer([part for part in parts if part[2]])
