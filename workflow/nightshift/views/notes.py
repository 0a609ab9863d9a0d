"""View `notes`: free-text columns of the cases, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.views.base import RawData, Terms, View
from nightshift.views.documents import count_words, side_by_side

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.card import Card


class NotesView(View):
    """Counts of word n-grams of the free-text columns, one field a column (`table` has their lengths only)."""

    needs_turns: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "scikit-learn")
    modules: ClassVar[tuple[str, ...]] = ("nightshift.views.documents",)

    kind: Literal["notes"] = "notes"
    columns: tuple[str, ...] | None = Field(None, description="Text columns to read; None: all of them.")
    ngrams: Annotated[int, Field(ge=1, le=3)] = Field(1, description="Longest n-gram, in words.")

    def featurize(self, data: RawData) -> Terms:
        names = self.columns or tuple(name for name, kind in data.kinds.items() if kind == "text")
        unknown = [name for name in names if name not in data.kinds]
        if unknown or not names:
            raise ValueError(f"no free-text column {unknown[0]!r}" if unknown else "the cases have no free-text column")
        return side_by_side(
            (name, count_words(data.cases[name].astype("str").fillna(""), self.ngrams)) for name in names
        )

    def label(self, card: Card) -> str:
        return super().label(card) + ("" if self.ngrams == 1 else f"-{self.ngrams}grams")

    def in_words(self) -> str:
        return "the notes"

    @classmethod
    def offered(cls, card: Card) -> bool:
        return bool(card.columns_of("text"))

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> NotesView:
        return cls(ngrams=trial.suggest_int(f"{prefix}ngrams", 1, 2))
