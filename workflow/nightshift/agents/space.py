"""The space of single bases: what the data offers, how to name it, and how to draw from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nightshift.experiment import BaseSpec, Experiment, TermsSpec
from nightshift.files import digest_of
from nightshift.learners import LEARNERS
from nightshift.views import VIEWS, View

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

_PART = {"all": "", "first": "-start", "last": "-end"}
_LEARNER_WORDS = {
    "xgboost": "XGBoost",
    "logistic": "a logistic regression",
    "extra_trees": "extra trees",
    "pipeline": "a scikit-learn pipeline",
}
_PART_WORDS = {"all": "in the whole call", "first": "at the start of calls", "last": "at the end of calls"}


@dataclass(frozen=True)
class Candidate:
    """One base with the views it needs, and itself in words."""

    name: str
    views: dict[str, View]
    base: BaseSpec
    words: str


@dataclass(frozen=True)
class Space:
    """What the data offers.

    Attributes
    ----------
    speakers : the two who speak in most cases
    has_turns, has_columns : whether there are transcripts, and columns besides the id
    """

    speakers: tuple[str, ...]
    has_turns: bool
    has_columns: bool

    @classmethod
    def of_card(cls, card: dict[str, Any]) -> Space:
        """From the data's card (results/data/card.json)."""
        return cls(tuple(card["speakers"][:2]), card["counts"]["turns"] > 0, bool(card["columns"]))

    def words(self, who: str = "everybody", part: str = "all", ngrams: int = 2) -> dict[str, View]:
        """A `words` view under its name; `who` is everybody, each or the label of a speaker."""
        speakers = {"everybody": None, "each": self.speakers}.get(who, (who,))
        place = "each" if who == "each" else "" if who == "everybody" else f"speaker{self.speakers.index(who) + 1}"
        name = "-".join(filter(None, ["words", place])) + _PART[part] + ("" if ngrams == 2 else f"-{ngrams}grams")
        return {name: VIEWS["words"](speakers=speakers, part=part, ngrams=ngrams)}

    def table(self) -> dict[str, View]:
        return {"table": VIEWS["table"]()}

    def dynamics(self) -> dict[str, View]:
        return {"dynamics": VIEWS["dynamics"](speakers=self.speakers)}

    def families(self) -> list[str]:
        """Combinations of views that a base may train on."""
        table = ["table"] if self.has_columns else []
        if not self.has_turns:
            return table
        mixed = ["table+dynamics", "words+table", "words+table+dynamics"] if table else []
        return ["words", "dynamics", "words+dynamics", *table, *mixed]

    def suggest(self, trial: BaseTrial) -> Candidate:
        """Draw a base: family of views, their options, learner, its parameters."""
        family = trial.suggest_categorical("views", self.families())
        views: dict[str, View] = {}
        terms, said = TermsSpec(), []
        if "words" in family:
            who = trial.suggest_categorical("who", ["everybody", "each", *self.speakers])
            part = trial.suggest_categorical("part", ["all", "first", "last"])
            views |= self.words(who, part, trial.suggest_int("ngrams", 1, 3))
            said.append(f"the words of {'each speaker' if who == 'each' else who} {_PART_WORDS[part]}")
        if "table" in family:
            views |= self.table()
            said.append("the table")
        if "dynamics" in family:
            views |= self.dynamics()
            said.append("the dynamics")
        kind = trial.suggest_categorical("learner", sorted(LEARNERS))
        learner = LEARNERS[kind].suggest(trial, f"{kind}.")
        if "words" in family:
            terms = self._suggest_terms(trial, learner.scaled)
        return candidate(views, BaseSpec(views=tuple(views), learner=learner, terms=terms), " and ".join(said))

    def _suggest_terms(self, trial: BaseTrial, linear: bool) -> TermsSpec:
        weighting = trial.suggest_categorical("weighting", ["tfidf", "binary", "counts"])
        min_cases = trial.suggest_int("min_cases", 2, 12)
        if linear:
            return TermsSpec(weighting=weighting, min_cases=min_cases)
        # Trees over thousands of words are slow and weak: components instead.
        return TermsSpec(weighting=weighting, min_cases=min_cases, svd=trial.suggest_int("svd", 10, 150, step=10))


def candidate(views: dict[str, View], base: BaseSpec, words: str) -> Candidate:
    """Name a base by its views, its learner and four digits of its digest."""
    content = {"views": [view.model_dump(mode="json") for view in views.values()], "base": base.model_dump(mode="json")}
    name = f"{'.'.join(views)}-{base.learner.kind}-{digest_of(content)[:4]}"
    return Candidate(name, views, base, f"{_LEARNER_WORDS.get(base.learner.kind, base.learner.kind)} on {words}")


def compose(candidates: list[Candidate], **fields: Any) -> Experiment:
    """An experiment of several candidates; `fields` are the rest of `Experiment`."""
    views = {name: view for one in candidates for name, view in one.views.items()}
    return Experiment(views=views, bases={one.name: one.base for one in candidates}, **fields)


def taken_from(experiment: Experiment, names: list[str]) -> list[Candidate]:
    """Bases of an experiment as candidates."""
    return [
        Candidate(
            name, {view: experiment.views[view] for view in experiment.bases[name].views}, experiment.bases[name], name
        )
        for name in names
    ]
