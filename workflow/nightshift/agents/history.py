"""What a proposal may know: the experiments before it, and the scores of those that left the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nightshift.experiment import Experiment, parse_experiment
from nightshift.files import digest_of, read_json
from nightshift.names import EXPERIMENTS, HISTORY, name_of, number_of


@dataclass(frozen=True)
class Past:
    """An earlier experiment.

    Attributes
    ----------
    experiment : Experiment
    metrics : dict or None
        Its metrics.json; None while the window has not passed it, even if the file is already there.
    draw : dict
        What the search drew for it (`move`, `params`); empty for other authors.
    """

    experiment: Experiment
    metrics: dict[str, Any] | None
    draw: dict[str, Any] = field(default_factory=dict)

    @property
    def scored(self) -> bool:
        return self.metrics is not None and self.metrics["status"] != "crash"


@dataclass(frozen=True)
class History:
    """Experiments 0..k-1 in ledger order."""

    past: list[Past]

    def champion(self) -> Past | None:
        """The champion after the latest experiment whose score may be seen."""
        seen = [past for past in self.past if past.metrics is not None]
        if not seen or seen[-1].metrics["champion"] is None:
            return None
        return self.past[number_of(seen[-1].metrics["champion"])]

    def digests(self) -> dict[str, str]:
        """Digest -> name of all that was proposed, the first of each, scored or not: nothing is run twice."""
        return {past.experiment.digest(): past.experiment.id for past in reversed(self.past)}

    def library(self) -> list[tuple[float, str, Experiment]]:
        """Every base trained so far, best first: cv_auc, name, an experiment that holds it. A segment's base is judged on
        its segment alone, so it is left out."""
        found: dict[str, tuple[float, str, Experiment]] = {}
        for past in (past for past in self.past if past.scored and not past.experiment.steady):
            for name, base in past.experiment.bases.items():
                if base.segment is None:
                    content = digest_of(past.experiment.base_content(name))
                    found.setdefault(content, (past.metrics["base_auc"][name], name, past.experiment))
        return sorted(found.values(), key=lambda item: (-item[0], item[1]))


def read_history(number: int, parallel: int, root: Path = Path()) -> History:
    """History that proposal `number` sees with a window of `parallel` experiments.

    Later scores are not read even if they are there, so that a night does not depend on how fast jobs end.
    """
    past = []
    for earlier in range(number):
        kept = read_json(root / HISTORY / f"{name_of(earlier)}.json")
        visible = earlier <= number - parallel
        metrics = read_json(root / EXPERIMENTS / name_of(earlier) / "metrics.json") if visible else None
        experiment = parse_experiment(kept["experiment"], f"{HISTORY}/{name_of(earlier)}.json")
        past.append(Past(experiment, metrics, kept.get("draw") or {}))
    return History(past)
