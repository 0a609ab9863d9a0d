"""View `chars`: character n-grams of what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.views.base import RawData, Terms
from nightshift.views.documents import by_speaker, count_characters
from nightshift.views.turns import TextView

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.card import Card

_BUCKETS = 2**16


class CharsView(TextView):
    """Counts of character n-grams within words: stems, endings and spellings, and languages without spaces.

    Hashed into 65,536 buckets a field, so that a case's row needs no vocabulary of other cases.
    """

    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "scikit-learn")
    modules: ClassVar[tuple[str, ...]] = ("nightshift.views.documents",)
    named: ClassVar[bool] = False

    kind: Literal["chars"] = "chars"
    longest: Annotated[int, Field(ge=2, le=6)] = Field(4, description="Longest n-gram, in characters.")

    def featurize(self, data: RawData) -> Terms:
        def count(texts):
            return count_characters(texts, 2, self.longest, _BUCKETS)

        return by_speaker(data, self.select(data.turns), self.speakers, count)

    def label(self, card: Card) -> str:
        return super().label(card) + ("" if self.longest == 4 else f"-{self.longest}letters")

    def in_words(self) -> str:
        return f"the spelling {super().in_words()}"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> CharsView:
        where = cls.suggest_where(trial, prefix, card)
        return cls(**where, longest=trial.suggest_int(f"{prefix}longest", 3, 5))
