"""From texts to sparse counts: one document a case and field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nightshift.progress import over
from nightshift.views.base import RawData, Terms

if TYPE_CHECKING:
    import pandas as pd

_CASES_AT_ONCE = 5000


def by_speaker(
    data: RawData, turns: pd.DataFrame, speakers: tuple[str, ...] | None, count: Callable[[pd.Series], Terms]
) -> Terms:
    """Count the turns of each speaker named in a field of its own, or of everybody in one."""
    if speakers is None:
        return count(_documents(data, turns))
    return side_by_side((who, count(_documents(data, turns[turns["speaker"] == who]))) for who in speakers)


def _documents(data: RawData, turns: pd.DataFrame) -> pd.Series:
    """All that is said in the turns, one text for every case."""
    texts = turns.groupby("case_id", sort=False)["text"].agg("\n".join)
    return texts.reindex(data.cases["case_id"]).fillna("")


def side_by_side(fields: Iterable[tuple[str, Terms]]) -> Terms:
    """Fields as one block; a term is named `field: term`, and terms are in the order of their names, as shards are."""
    import numpy as np
    from scipy.sparse import csr_array, hstack

    blocks = [
        Terms(terms.counts, np.array([f"{name}: {term}" for term in terms.names], dtype=object))
        for name, terms in fields
    ]
    names = np.concatenate([block.names for block in blocks])
    order = np.argsort(names, kind="stable")
    counts = csr_array(hstack([block.counts for block in blocks], format="csr"))[:, order]
    counts.sort_indices()
    return Terms(counts, names[order])


def count_words(texts: pd.Series, ngrams: int) -> Terms:
    """Counts of word n-grams of 1 to `ngrams` words, in lower case; single letters and digits are words."""
    import numpy as np
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(ngram_range=(1, ngrams), token_pattern=r"(?u)\b\w+\b", dtype=np.float32)
    try:
        counts = csr_array(counter.fit_transform(over(texts, "cases")))
    except ValueError:  # not one word in all documents: CountVectorizer refuses an empty vocabulary
        return Terms(csr_array((len(texts), 0), dtype=np.float32), np.array([], dtype=object))
    counts.sort_indices()
    return Terms(counts, counter.get_feature_names_out())


def count_characters(texts: pd.Series, shortest: int, longest: int, buckets: int) -> Terms:
    """Counts of character n-grams within words, hashed: a vocabulary of them would not fit for many cases."""
    import numpy as np
    from scipy.sparse import csr_array, vstack
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(shortest, longest),
        n_features=buckets,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    parts = [
        csr_array(hasher.transform(texts.iloc[start : start + _CASES_AT_ONCE]))
        for start in range(0, len(texts), _CASES_AT_ONCE)
    ]
    return Terms(csr_array(vstack(parts, format="csr")), np.array([f"#{b}" for b in range(buckets)], dtype=object))
