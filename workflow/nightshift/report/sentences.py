"""The sentences of a report's first screen."""

from __future__ import annotations

from typing import Any

from nightshift.report import theme
from nightshift.report.gather import Facts, baseline_of
from nightshift.report.holdout_charts import call_the_top


def headline(facts: Facts) -> str:
    """Is there signal, and is there a gain, in the fewest words."""
    verdict = facts.verdict
    if verdict is None:
        return "No verdict yet: the night is still going." if facts.rows else "Nothing has run yet."
    champion = verdict["champion"]
    if champion["ci_low"] <= 0.5:
        return "No evidence of signal."
    if verdict["baseline"] is None:
        return "There is signal. The baseline crashed, so no gain can be told."
    if champion["experiment"] == verdict["baseline"]["experiment"]:
        return "There is signal. Nothing beat the baseline."
    if verdict["delta_low"] > 0:
        return "There is signal, and there is a gain."
    if verdict["delta_high"] < 0:
        return "There is signal, but the champion is worse than the baseline."
    return "There is signal. A gain is not shown."


def lede(facts: Facts) -> list[str]:
    """The paragraphs under the headline."""
    told = [facts.verdict["sentence"]] if facts.verdict else []
    planned = facts.config.search.experiments
    if facts.verdict is None and facts.rows:
        told.append(
            f"{len(facts.rows)} of {planned} experiments are measured. All figures so far come from cross-validation, which "
            "steered the search and flatters it; the holdout is opened when the night ends."
        )
    elif facts.verdict and not facts.over:
        told.append(
            f"More experiments ran since: the champion is now {facts.champion}, and the verdict is still that of "
            f"{facts.verdict['champion']['experiment']}. It comes anew when the night ends."
        )
    return [theme.unbroken(text) for text in told]


def tiles(facts: Facts) -> list[tuple[str, str, str]]:
    """Figure, what it is, and its small print, for the first screen."""
    found = _of_the_verdict(facts.verdict) if facts.verdict else _so_far(facts)
    if facts.curves:
        point = next(p for p in facts.curves["models"]["champion"]["gain"] if abs(p["share"] - 0.1) < 1e-6)
        low, high = theme.percent(point["low"]), theme.percent(point["high"])
        found.append((theme.percent(point["gain"]), "of the wins in the top 10 %", f"95 % interval {low} to {high}"))
    found.append(_experiments(facts.rows))
    return [(figure, theme.unbroken(what), theme.unbroken(small)) for figure, what, small in found]


def _of_the_verdict(verdict: dict[str, Any]) -> list[tuple[str, str, str]]:
    side = verdict["champion"]
    interval = f"95 % interval {side['ci_low']:.3f} to {side['ci_high']:.3f}; a coin has 0.500"
    found = [(f"{side['holdout_auc']:.3f}", "AUC of the champion on the holdout", interval)]
    if verdict["delta"] is not None and side != verdict["baseline"]:
        interval = f"95 % interval {verdict['delta_low']:+.3f} to {verdict['delta_high']:+.3f}"
        found.append((f"{verdict['delta']:+.3f}", "gain over one XGBoost on everything", interval))
    return found


def _so_far(facts: Facts) -> list[tuple[str, str, str]]:
    if not facts.metrics:
        return []
    auc, baseline = facts.metrics["cv_auc"], baseline_of(facts.rows)
    found = [(f"{auc:.3f}", f"cross-validated AUC of {facts.champion}", "the champion so far")]
    if baseline:
        found.append((f"{auc - baseline['cv_auc']:+.3f}", "over the baseline", "in cross-validation"))
    return found


def _experiments(rows: list[dict[str, Any]]) -> tuple[str, str, str]:
    count = {status: sum(row["status"] == status for row in rows) for status in ("keep", "discard", "crash")}
    words = {"keep": "kept", "discard": "discarded", "crash": "crashed"}
    small = ", ".join(f"{number} {words[status]}" for status, number in count.items() if number)
    return str(len(rows)), "experiments" if len(rows) != 1 else "experiment", small


def who_found(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Author, experiments, keeps, crashes, and what the keeps added up to."""
    authors = list(dict.fromkeys(row["author"] for row in rows))
    told = []
    for author in authors:
        mine = [row for row in rows if row["author"] == author]
        kept = [row for row in mine if row["status"] == "keep"]
        added = sum(row["delta"] or 0 for row in kept)
        crashed = sum(row["status"] == "crash" for row in mine)
        told.append(
            [
                author,
                str(len(mine)),
                str(len(kept)),
                str(crashed),
                f"{added:+.4f}" if any(row["delta"] for row in kept) else "",
            ]
        )
    return told


def followers(rows: list[dict[str, Any]], memo: str) -> str:
    """Experiments that follow a memo, with what became of them."""
    return ", ".join(f"{row['experiment']} ({row['status']})" for row in rows if row["memo"] == memo)


def top_sentence(facts: Facts) -> str | None:
    """Call the top 10 % and you reach so many of the wins."""
    return call_the_top(facts) if facts.curves else None


def shuffled(facts: Facts) -> str:
    """What the sources are worth to the champion."""
    told = [f"{row['name']} costs {row['drop']:.3f}" for row in facts.diagnosis["importance"]["sources"]]
    return (
        "A thing matters as much as AUC is lost when its values are shuffled among the development cases, each predicted by "
        f"models that never saw it. Shuffling {', and '.join(told)}."
    )


def counts(facts: Facts) -> list[tuple[str, str]]:
    """What ingest counted, zeros left out."""
    return [(name.replace("_", " "), f"{count:,}") for name, count in facts.card["counts"].items() if count]


def no_gain_note(facts: Facts) -> str | None:
    """Cross-validation against the holdout, where the two can be compared."""
    verdict = facts.verdict
    if not verdict or not verdict["baseline"] or verdict["champion"] == verdict["baseline"]:
        return None
    champion, baseline = verdict["champion"], verdict["baseline"]
    return (
        f"In cross-validation the champion has {champion['cv_auc']:.3f} and the baseline {baseline['cv_auc']:.3f}, a gain of "
        f"{champion['cv_auc'] - baseline['cv_auc']:+.3f}. Trust the holdout's {verdict['delta']:+.3f} more: the champion was "
        "chosen for its cross-validation, and nothing was chosen on the holdout."
    )
