"""View `words`: which words are said, by whom and when in the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.views.base import RawData, Terms
from nightshift.views.documents import by_speaker, count_words
from nightshift.views.turns import TextView

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.card import Card


class WordsView(TextView):
    """Counts of word n-grams, one term a field and n-gram.

    Counts only: which terms are frequent enough, and what a term weighs, is fitted in the fold.
    """

    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "scikit-learn")
    modules: ClassVar[tuple[str, ...]] = ("nightshift.views.documents",)

    kind: Literal["words"] = "words"
    ngrams: Annotated[int, Field(ge=1, le=3)] = Field(2, description="Longest n-gram, in words.")

    def featurize(self, data: RawData) -> Terms:
        return by_speaker(data, self.select(data.turns), self.speakers, lambda texts: count_words(texts, self.ngrams))

    def label(self, card: Card) -> str:
        return super().label(card) + ("" if self.ngrams == 2 else f"-{self.ngrams}grams")

    def in_words(self) -> str:
        return f"the words {super().in_words()}"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> WordsView:
        where = cls.suggest_where(trial, prefix, card)
        return cls(**where, ngrams=trial.suggest_int(f"{prefix}ngrams", 1, 3))
