"""The ending: what a night prints when it is over, and leaves in results/ending.md."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from nightshift.agents.queue import waiting
from nightshift.config import Config
from nightshift.files import read_json, write_text
from nightshift.gc import CACHE, RESULTS, in_words, size_of
from nightshift.ladder import table
from nightshift.ledger import finished, ledger_rows
from nightshift.llm.server import hint_of
from nightshift.llm.store import Store
from nightshift.names import EXPERIMENTS, HISTORY, name_of
from nightshift.share import keeps_in_words, notes_of, usage_in_words

_WIDTH = 100
_BEST = 5
_DEMO = "data/demo/"


def write_ending(target: str, config: Config, root: Path = Path()) -> None:
    """Compose the ending from the files of the night."""
    rows = ledger_rows(root)
    verdict = read_json(root / "results/verdict.json")
    card = read_json(root / "results/data/card.json")
    parts = [
        _headline(rows, config),
        _verdict(verdict),
        _best(rows, verdict),
        _who(rows, verdict, root),
        _ladder(verdict),
        _noise(root),
        _notes(rows, card, config, root),
        _places(root),
        _next(config, root),
    ]
    write_text(target, "\n\n".join(filter(None, parts)) + "\n")


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent), break_on_hyphens=False
    )


def _headline(rows: list[dict[str, Any]], config: Config) -> str:
    counts = {status: sum(row["status"] == status for row in rows) for status in ("keep", "discard", "crash")}
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    planned = config.search.experiments
    of = "" if len(rows) == planned else f" of {planned} planned"
    return f"# The night is over: {len(rows)} experiments{of} ({told})"


def _verdict(verdict: dict[str, Any]) -> str:
    lines = [_wrap(verdict["sentence"])]
    champion, baseline = verdict["champion"], verdict["baseline"]
    if baseline and champion["experiment"] != baseline["experiment"]:
        lines.append(
            _wrap(
                f"In cross-validation the champion has {champion['cv_auc']:.3f} and the baseline {baseline['cv_auc']:.3f}, "
                f"a gain of {champion['cv_auc'] - baseline['cv_auc']:+.3f}. Trust the holdout's {verdict['delta']:+.3f} more: "
                "the champion was chosen for its cross-validation, and nothing was chosen on the holdout."
            )
        )
    return "## Verdict\n\n" + "\n\n".join(lines)


def _best(rows: list[dict[str, Any]], verdict: dict[str, Any]) -> str:
    champion = verdict["champion"]["experiment"]
    ran = sorted((row for row in rows if row["status"] != "crash"), key=lambda row: -row["cv_auc"])[:_BEST]
    for always in (champion, name_of(0)):
        ran += [row for row in rows if row["experiment"] == always and row not in ran and row["status"] != "crash"]
    head = "| experiment | cv_auc | +- | bases | stack | status | hypothesis |\n|---|---|---|---|---|---|---|"
    lines = [
        f"| {row['experiment']}{' *' if row['experiment'] == champion else ''} | {row['cv_auc']:.4f} | {row['cv_se']:.4f} "
        f"| {row['n_bases']} | {row['stack']} | {row['status']} | {row['hypothesis']} |"
        for row in ran
    ]
    return "\n".join([f"## The {_BEST} best experiments (* the champion; exp-0000 is the baseline)", "", head, *lines])


def _who(rows: list[dict[str, Any]], verdict: dict[str, Any], root: Path) -> str:
    used = usage_in_words(verdict.get("tokens", 0), verdict.get("money", 0.0), Store(root).usage().calls)
    return _wrap(" ".join(filter(None, [keeps_in_words(rows), used])))


def _ladder(verdict: dict[str, Any]) -> str:
    rows = verdict["ladder"]
    return f"## The ladder: each step on the same folds and the same holdout\n\n{table(rows)}" if len(rows) > 1 else ""


def _noise(root: Path) -> str:
    path = root / "results/noise/noise.json"
    if not path.exists():
        return ""
    noise = read_json(path)
    if noise["sd"] is None:
        return ""
    aucs = ", ".join(f"{auc:.4f}" for auc in noise["cv_auc"])
    return _wrap(
        f"Noise floor: the baseline with other seeds has cv_auc {aucs} (standard deviation {noise['sd']:.4f}); "
        "smaller differences between experiments are luck."
    )


def _notes(rows: list[dict[str, Any]], card: dict[str, Any], config: Config, root: Path) -> str:
    notes = [f"Data: {warning}" for warning in card["warnings"]]
    notes += [f"{row['experiment']} crashed: {row['reason']}" for row in rows if row["status"] == "crash"]
    taken: set[str] = set()
    for experiment in finished(root):
        answer = read_json(root / HISTORY / f"{experiment}.json")
        taken |= set(answer["queue"])
        notes += [f"{file} was refused: {why}" for file, why in answer["refused"].items()]
    notes += [_stopped(rows, config, root)] if len(rows) < config.search.experiments else []
    notes += [
        f"{path} waits in the queue: raise search.experiments above {len(rows)} and run again"
        for path in waiting(taken, root)
    ]
    notes += [hint_of(config.agent), *notes_of(rows, root)]
    notes += _not_recorded(rows, root)
    if not any(notes):
        return ""
    return "## Worth knowing\n\n" + "\n".join(_wrap(" ".join(note.split()), "- ") for note in notes if note)


def _stopped(rows: list[dict[str, Any]], config: Config, root: Path) -> str:
    plan = root / EXPERIMENTS / name_of(len(rows)) / "plan.json"
    reason = read_json(plan).get("stopped") if plan.exists() else None
    return f"Ended before {config.search.experiments} experiments: {reason}" if reason else ""


def _not_recorded(rows: list[dict[str, Any]], root: Path) -> list[str]:
    # Nothing records those that lie above a search.experiments that was lowered after they were scored.
    files = [root / EXPERIMENTS / row["experiment"] / "record.json" for row in rows]
    outcomes = [read_json(file) for file in files if file.exists()]
    missing = [outcome for outcome in outcomes if not outcome["recorded"]]
    if not missing:
        return []
    return [f"DVC: {len(missing)} of {len(outcomes)} experiments are not recorded: {missing[-1]['reason']}"]


def _places(root: Path) -> str:
    sizes = in_words(size_of(root / RESULTS)), in_words(size_of(root / CACHE))
    return "\n".join(
        [
            "## Where things lie",
            "",
            "    results/report.html            all of this as one page, with pictures: open it in a browser",
            "    results/ledger.tsv             every experiment, one row each",
            "    results/verdict.json           the figures of the verdict",
            "    results/champion/              the model, with its card (README.md)",
            "    results/experiments/exp-NNNN/  config, metrics, predictions, logs of one experiment",
            "",
            f"On disk: results/ {sizes[0]}, DVC's cache {sizes[1]}; `nightshift gc --dry-run` says what can go.",
        ]
    )


def _next(config: Config, root: Path) -> str:
    lines = ["## What to type next", "", f"    {_predict(config)}"]
    if _recorded(root):
        from nightshift.record import show_command

        lines += [
            f"    {show_command(root)}",
            "    dvc exp diff exp-0000 exp-0001      # what changed between two",
            "    dvc exp apply exp-0001              # put one into config/experiment.yaml (commit your edits first)",
        ]
    lines += [
        f"    snakemake --cores all --config search='{{experiments: {2 * config.search.experiments}}}'   # go on, same night"
    ]
    if config.data.cases.startswith(_DEMO):
        lines += [
            "",
            "Your own data: a table of cases, and a table or folder of transcripts,",
            "",
            "    nightshift init deals.csv calls/    # looks, asks, writes config/config.yaml, says the next command",
        ]
    return "\n".join(lines)


def _predict(config: Config) -> str:
    files = "new.csv new-calls/" if config.data.transcripts else "new.csv"
    return f"{f'nightshift predict {files}':35} # probabilities and reasons for new cases"


def _recorded(root: Path) -> bool:
    path = root / EXPERIMENTS / name_of(0) / "record.json"
    return path.exists() and read_json(path)["recorded"]
