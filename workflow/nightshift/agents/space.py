"""The space of single bases: what the data offers, and how to draw from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import combinations
from typing import TYPE_CHECKING

from nightshift.agents.candidates import Candidate, candidate
from nightshift.card import Card
from nightshift.config import Agent
from nightshift.errors import Problem
from nightshift.experiment import BaseSpec, TermsSpec
from nightshift.learners import LEARNERS
from nightshift.learners.base import Learner
from nightshift.views import VIEWS, View

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

# Kinds that make sparse blocks of terms; a base reads at most one of them.
_TEXT = ("words", "chars", "notes")


@dataclass(frozen=True)
class Space:
    """Bases that the data and the installed libraries offer, and the moves between experiments.

    Attributes
    ----------
    card : Card
    agent : Agent, whose lists narrow what may be drawn
    pin : experiment that a person wants varied instead of the champion
    vetoes : kinds, and experiments, that a person does not want used
    left : seconds until the deadline
    """

    card: Card
    agent: Agent = field(default_factory=Agent)
    pin: str | None = None
    vetoes: frozenset[str] = frozenset()
    left: float = math.inf

    @property
    def speakers(self) -> tuple[str, ...]:
        return self.card.speakers

    def words(self, who: str = "everybody", part: str = "all", ngrams: int = 2, kind: str = "words") -> dict[str, View]:
        """A view of what is said, under its name; `who` is everybody, each or the label of a speaker."""
        speakers = {"everybody": None, "each": self.speakers}.get(who, (who,))
        options = {"ngrams": ngrams} if kind == "words" else {}
        return self.named(VIEWS[kind](speakers=speakers, part=part, **options))

    def named(self, *views: View) -> dict[str, View]:
        return {view.label(self.card): view for view in views}

    def kinds(self) -> list[str]:
        """Kinds of views that the data has something for and that the search draws, without those of a veto."""
        wanted = VIEWS if self.agent.views is None else self.agent.views
        return [
            kind
            for kind, view in VIEWS.items()
            if kind in wanted and kind not in self.vetoes and view.offered(self.card) and "suggest" in vars(view)
        ]

    def families(self) -> list[str]:
        """Combinations of views that a base may train on."""
        kinds = self.kinds()
        dense = [kind for kind in kinds if kind not in _TEXT]
        text = [kind for kind in _TEXT if kind in kinds]
        mixes = ["+".join(mix) for size in range(1, len(dense) + 1) for mix in combinations(dense, size)]
        main = text[:1]
        return [*text, *mixes, *(f"{kind}+{mix}" for kind in main for mix in mixes)]

    def learners(self) -> list[str]:
        """Kinds of learners that are installed and that the search draws, without those of a veto."""
        wanted = LEARNERS if self.agent.learners is None else self.agent.learners
        return [
            kind
            for kind, learner in LEARNERS.items()
            if kind in wanted and kind not in self.vetoes and learner.installed() and "suggest" in vars(learner)
        ]

    def hindrance(self) -> str | None:
        """Why no base can be drawn; None where one can."""
        if not self.families():
            return "no kind of view is left to draw on this data by agent.views and the vetoes in config/program.md"
        if not self.learners():
            return "no kind of learner is left to draw by agent.learners and the vetoes in config/program.md"
        return None

    def allows(self, one: Candidate) -> bool:
        """Whether the search may use a base: of kinds that it may draw."""
        learners = set(self.learners())
        return all(view.kind in self.kinds() for view in one.views.values()) and all(
            base.learner.kind in learners for base in one.bases.values()
        )

    def bars(self, one: Candidate) -> bool:
        """Whether a person has vetoed a base: its kind of learner or view, or that of one below it."""
        learners = {base.learner.kind for base in one.bases.values()}
        return not self.vetoes.isdisjoint(learners | {view.kind for view in one.views.values()})

    def suggest(self, trial: BaseTrial) -> Candidate:
        """Draw a base: family of views, their options, learner, its parameters."""
        family = trial.suggest_categorical("views", self.families()).split("+")
        drawn = [VIEWS[kind].suggest(trial, f"{kind}.", self.card) for kind in family]
        views = self.named(*drawn)
        kind = trial.suggest_categorical("learner", self.learners())
        learner = LEARNERS[kind].suggest(trial, f"{kind}.")
        terms = self._suggest_terms(trial, learner) if set(family) & set(_TEXT) else TermsSpec()
        base = BaseSpec(views=tuple(views), learner=learner, terms=terms)
        return candidate(views, base, " and ".join(view.in_words() for view in drawn))

    def _suggest_terms(self, trial: BaseTrial, learner: Learner) -> TermsSpec:
        weighting = trial.suggest_categorical("weighting", ["tfidf", "binary", "counts"])
        min_cases = trial.suggest_int("min_cases", 2, 12)
        if learner.scaled and learner.sparse:
            select = trial.suggest_categorical("select", [0, 300, 3000])
            return TermsSpec(weighting=weighting, min_cases=min_cases, select=select or None)
        # Trees over thousands of words are slow and weak: components or topics instead.
        if trial.suggest_categorical("reduce", ["svd", "topics"]) == "topics":
            topics = trial.suggest_int("topics", 5, 40, step=5)
            return TermsSpec(weighting=weighting, min_cases=min_cases, topics=topics)
        return TermsSpec(weighting=weighting, min_cases=min_cases, svd=trial.suggest_int("svd", 10, 150, step=10))

    def seconds(self, one: Candidate) -> float:
        """Rough seconds that training a base takes on one core; from its specification alone, so that a night does not
        depend on the machine."""
        text = any(view.kind in _TEXT for view in one.views.values())
        return one.base.learner.heft * one.base.seeds * (2.0 if text else 1.0) * self.card.cases / 1000


def unknown_kinds(agent: Agent, file: str = "config/config.yaml") -> list[Problem]:
    """Kinds in agent.views and agent.learners that do not exist, or lists of which the search draws nothing."""
    problems = []
    for key, known in (("views", VIEWS), ("learners", LEARNERS)):
        listed = getattr(agent, key) or ()
        for kind in listed:
            if kind not in known:
                near = get_close_matches(kind, known, n=1)
                remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
                problems.append(Problem(f"agent.{key}: there is no {kind!r}", remedy, file))
        drawn = [kind for kind, member in known.items() if "suggest" in vars(member)]
        if listed and set(listed) <= set(known) and set(listed).isdisjoint(drawn):
            remedy = f"add one that it draws: {', '.join(drawn)}"
            problems.append(Problem(f"agent.{key}: the search draws none of {', '.join(listed)}", remedy, file))
    return problems
