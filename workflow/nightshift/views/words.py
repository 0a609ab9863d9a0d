"""View `words`: which words are said, by whom and when in the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.views.base import RawData, Terms, View
from nightshift.views.turns import Part, in_part

if TYPE_CHECKING:
    import pandas as pd


class WordsView(View):
    """Counts of word n-grams, one term a field and n-gram.

    Counts only: which terms are frequent enough, and what a term weighs, is fitted in the fold.
    """

    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "scikit-learn")

    kind: Literal["words"] = "words"
    speakers: tuple[str, ...] | None = Field(
        None, description="One field a speaker named here; None: everybody in one field."
    )
    part: Part = Field("all", description="The whole call, or its first or last share.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        1 / 3, description="Share of a call's turns that first and last mean."
    )
    ngrams: Annotated[int, Field(ge=1, le=3)] = Field(2, description="Longest n-gram, in words.")

    def featurize(self, data: RawData) -> Terms:
        import numpy as np
        from scipy.sparse import hstack

        turns = data.turns[in_part(data.turns, self.part, self.share)]
        fields = self.speakers or (None,)
        blocks = [self._count(data, turns if who is None else turns[turns["speaker"] == who], who) for who in fields]
        return Terms(
            hstack([block.counts for block in blocks], format="csr"), np.concatenate([block.names for block in blocks])
        )

    def _count(self, data: RawData, turns: pd.DataFrame, speaker: str | None) -> Terms:
        import numpy as np
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import CountVectorizer

        documents = turns.groupby("case_id", sort=False)["text"].agg("\n".join)
        documents = documents.reindex(data.cases["case_id"]).fillna("")
        counter = CountVectorizer(ngram_range=(1, self.ngrams), token_pattern=r"(?u)\b\w+\b", dtype=np.float32)
        try:
            counts = csr_array(counter.fit_transform(documents))
        except ValueError:  # not one word in all documents: CountVectorizer refuses an empty vocabulary
            return Terms(csr_array((len(documents), 0), dtype=np.float32), np.array([], dtype=object))
        names = counter.get_feature_names_out()
        return Terms(
            counts, names if speaker is None else np.array([f"{speaker}: {name}" for name in names], dtype=object)
        )
