"""A night in lines of text: the same for `nightshift watch`, the terminal of `snakemake` and its log."""

from __future__ import annotations

import time
from typing import Any

from nightshift.watch.night import NONE, OVER, RUNNING, STOPPED, Night

MARKS = {"keep": "▲", "discard": "·", "crash": "✗"}
PLAIN_MARKS = {"keep": "^", "discard": ".", "crash": "x"}
_BARS = "▁▂▃▄▅▆▇█"


def of_experiment(row: dict[str, Any], marks: dict[str, str] = MARKS) -> str:
    """One finished experiment: mark, name, status, cv_auc, gain on the champion before, hypothesis.

    A crash says its reason first.
    """
    head = f"{marks[row['status']]} {row['experiment']}  {row['status']:<7}"
    if row["status"] == "crash":
        return f"{head}  {_one_line(row['reason'])} [{_one_line(row['hypothesis'])}]"
    gain = f"{row['delta']:+.4f}" if row["delta"] is not None else " " * 7
    return f"{head}  {row['cv_auc']:.4f}  {gain}  {_one_line(row['hypothesis'])}"


def of_data(card: dict[str, Any]) -> str:
    """What the night works on."""
    counts = card["counts"]
    parts = [f"{counts['cases']:,} cases ({counts['positives'] / counts['cases']:.0%} positive)"]
    if counts["turns"]:
        parts.append(f"{counts['calls']:,} calls of {counts['cases_with_turns']:,} of them ({counts['turns']:,} turns)")
    parts.append(f"{card['holdout']:,} held out for the verdict")
    return ", ".join(parts)


def of_progress(night: Night) -> str:
    """Where the night is, in one line."""
    done, planned = len(night.rows), night.planned or len(night.rows)
    parts = [f"{done}/{planned} experiments"]
    if champion := night.champion:
        parts.append(f"best {champion['cv_auc']:.4f} ({champion['experiment']})")
    if crashes := sum(row["status"] == "crash" for row in night.rows):
        parts.append(f"{crashes} crashed")
    parts += of_spending(night)
    if night.phase == RUNNING:
        if done >= planned:
            parts.append("champion, verdict and report")
        elif (left := night.seconds_left) is not None:
            parts.append(f"about {duration(left)} to go")
    return ", ".join(parts)


def of_spending(night: Night) -> list[str]:
    """Tokens and money, where the ledger has them."""
    tokens, money = night.total("tokens"), night.total("money")
    return [
        *([f"{tokens:,.0f} tokens"] if tokens is not None else []),
        *([f"{money:,.2f} spent"] if money is not None else []),
    ]


def of_phase(night: Night) -> str:
    """What goes on here, and what to type."""
    if night.phase == NONE:
        return "no night has started here yet: `snakemake --cores all` starts one"
    if night.phase == RUNNING:
        return f"the night runs since {clock(night.start)} ({night.runner})"
    if night.phase == STOPPED:
        return "the night was stopped before its end: `snakemake --cores all` goes on with it"
    return "the night is over: results/ending.md, results/report.html"


def of_job(job: dict[str, Any], now: float) -> str:
    """What one core does: rule, subject, how far, since when."""
    far = f", {job['done']:,} of {job['total']:,} {job['unit']}" if job.get("total") else ""
    about = f" {job['text']}" if job["text"] else ""
    return f"{job['rule']}{about}{far} ({duration(now - job['since'])})"


def curve(night: Night, width: int = 60) -> str:
    """The champion's cv_auc after each experiment, as a line of bars; the last `width` of them."""
    by_name = {row["experiment"]: row["cv_auc"] for row in night.rows if row["status"] != "crash"}
    values = [by_name[row["champion"]] for row in night.rows if row["champion"] in by_name][-width:]
    if not values:
        return ""
    low, high = min(values), max(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[round((value - low) / (high - low) * steps) if high > low else 0] for value in values)


def duration(seconds: float) -> str:
    """12 s, 3 min, 2 h 05 min."""
    seconds = max(0, round(seconds))
    if seconds < 100:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def clock(moment: float) -> str:
    """14:05, with the day when it is not today."""
    today = time.strftime("%Y-%m-%d") == time.strftime("%Y-%m-%d", time.localtime(moment))
    return time.strftime("%H:%M" if today else "%a %H:%M", time.localtime(moment))


def is_end(night: Night) -> bool:
    """Whether nothing more will come."""
    return night.phase in (OVER, STOPPED)


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
