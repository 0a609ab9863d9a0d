"""The champion's model card, in the format of the Hugging Face Hub: a YAML head, then what a reader has to know."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import yaml

from nightshift.config import Config
from nightshift.data.development import read_development
from nightshift.experiment import Experiment
from nightshift.fairness import CALLED, compare_groups, read_columns
from nightshift.files import write_text
from nightshift.names import DEVELOPMENT, EXPERIMENTS
from nightshift.report.gather import Facts, gather
from nightshift.scoring import read_scores


def write_card(target: str | Path, config: Config, root: Path = Path()) -> None:
    """Write results/champion/README.md from what the night left; the holdout is known here by the verdict's figures only."""
    facts = gather(config, root)
    write_text(target, card_text(facts, _fairness(facts, root)))


def card_text(facts: Facts, fairness: dict[str, Any] | None) -> str:
    """The card.

    Parameters
    ----------
    facts : Facts, with a verdict
    fairness : what `compare_groups` gives, or None when no column is named
    """
    head = yaml.safe_dump(_head(facts), sort_keys=False, allow_unicode=True, width=100)
    parts = [_what(facts), _use(facts), _data(facts), _figures(facts), _groups(fairness), _limits(facts), _made(facts)]
    return f"---\n{head}---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def _fairness(facts: Facts, root: Path) -> dict[str, Any] | None:
    columns = facts.config.report.fairness
    if not columns:
        return None
    development = read_development(root / DEVELOPMENT)
    data = facts.config.data
    raw = read_columns(root / data.cases, data, columns, development.case_ids)
    return compare_groups(raw, read_scores(root / EXPERIMENTS / facts.champion / "oof.parquet"), development)


def _head(facts: Facts) -> dict[str, Any]:
    """What the Hub reads; `model-index` has the figures of the holdout."""
    best, data = facts.verdict["champion"], facts.config.data
    learners = {base.learner.kind for base in facts.experiment.bases.values()}
    name = f"nightshift-{PurePath(data.cases).stem}-{facts.champion}"
    metrics = [
        {"type": "roc_auc", "name": "AUC, holdout", "value": round(best["holdout_auc"], 4)},
        {"type": "roc_auc", "name": "AUC, cross-validated", "value": round(best["cv_auc"], 4)},
    ]
    result = {
        "task": {"type": "tabular-classification", "name": f"predict {data.target}"},
        "dataset": {"type": PurePath(data.cases).stem, "name": PurePath(data.cases).name},
        "metrics": metrics,
    }
    return {
        "library_name": "nightshift",
        "pipeline_tag": "tabular-classification",
        "tags": ["nightshift", "stacking", "tabular-classification", *sorted(learners)],
        "metrics": ["roc_auc"],
        "model-index": [{"name": name, "results": [result]}],
    }


def _what(facts: Facts) -> str:
    data, experiment = facts.config.data, facts.experiment
    positive = facts.card.get("schema", {}).get("positive")
    value = f" is `{positive}`" if positive else ""
    bases = "\n".join(
        f"| {name} | {_views(base, experiment)} | {base.learner.in_words()} |" for name, base in _named(facts)
    )
    return (
        f"# {facts.champion}: how likely `{data.target}`{value}\n\n> {facts.verdict['sentence']}\n\n"
        "A stack of models, found by a night of experiments with nightshift. "
        f"Its idea: {experiment.hypothesis}\n\n| base | reads | learner |\n|---|---|---|\n{bases}\n\n"
        f"Over them: a stack by `{facts.metrics['stack']}`, then a calibrator. Each base is the mean of one model a fold."
    )


def _named(facts: Facts) -> list[tuple[str, Any]]:
    return [(name, base) for name, base in facts.experiment.bases.items() if not name.startswith("stack.")]


def _views(base: Any, experiment: Experiment) -> str:
    told = [experiment.views[view].in_words() for view in base.views] + [
        f"the predictions of {below}" for below in base.bases
    ]
    return "; ".join(told)


def _use(facts: Facts) -> str:
    data = facts.config.data
    new = "new.csv new-calls/" if data.transcripts else "new.csv"
    return f"""## Use

For ranking cases like those it was trained on, to decide whom to call first or which deals to look at. Not for decisions
about people that need a reason in law, not for cases of another kind or another market, and not in place of a person's
judgement of a single case: the reasons it gives say what moved the model, not what caused an outcome.

```
nightshift predict {new}        # probability, rank, decile, three reasons a case
nightshift export FOLDER        # a folder that predicts without nightshift
```

The rows need the columns of training, `{data.id}` among them, and no outcome. A moment of prediction is kept as in training:
{_moment(facts)}"""


def _moment(facts: Facts) -> str:
    rule = facts.config.data.cutoff_rule()
    if rule is None:
        return "there was none (`data.cutoff` is not set), so all calls of a case are heard."
    return f"calls later than `{rule.column}` {f'{rule.days:+g} days ' if rule.days else ''}are left out."


def _data(facts: Facts) -> str:
    card, counts, data = facts.card, facts.card["counts"], facts.config.data
    calls = f", {counts['calls']:,} calls with {counts['turns']:,} turns" if counts.get("turns") else ", no transcripts"
    dropped = f" Left out by name: {', '.join(data.drop)}." if data.drop else ""
    kept = f"{card['development']:,} for development ({card['base_rate']:.1%} positive), {card['holdout']:,} held out"
    warned = "".join(f"\n- {' '.join(text.split())}" for text in card["warnings"])
    return (
        f"## Data\n\n`{data.cases}`: {counts['cases']:,} cases{calls}; {kept}, split {card['scheme']}."
        f"{f' Cases of one `{data.group}` are never on two sides.' if data.group else ''}{dropped}"
        + (f"\n\nIngest warned:\n{warned}" if warned else "")
    )


def _figures(facts: Facts) -> str:
    verdict, metrics = facts.verdict, facts.metrics
    best, first = verdict["champion"], verdict["baseline"]
    rows = [("AUC on the holdout", _interval(best["holdout_auc"], best["ci_low"], best["ci_high"]))]
    if first and first["experiment"] != best["experiment"]:
        rows.append(
            ("AUC of one XGBoost on everything", _interval(first["holdout_auc"], first["ci_low"], first["ci_high"]))
        )
        rows.append(("difference", _interval(verdict["delta"], verdict["delta_low"], verdict["delta_high"], "+")))
    cv, error = metrics["cv_auc"], metrics["cv_se"]
    rows.append(("AUC out of fold, development", _interval(cv, cv - 1.96 * error, cv + 1.96 * error)))
    shown = {"average_precision": "average precision", "log_loss": "log loss", "brier": "Brier score"}
    rows += [(f"{name}, out of fold", f"{metrics[key]:.3f}") for key, name in shown.items() if key in metrics]
    if "lift_top_10" in metrics:
        rows.append(("lift of the best tenth, out of fold", f"{metrics['lift_top_10']:.2f}"))
    listed = "\n".join(f"| {name} | {value} |" for name, value in rows)
    opened = (
        "the first opening of this holdout"
        if verdict["confirmatory"]
        else f"opening {verdict['openings']}: exploratory"
    )
    return (
        f"## Figures\n\n{verdict['n_holdout']} cases held out, {verdict['n_positive']} of them positive; {opened}. With 95 % "
        f"intervals.\n\n| figure | value |\n|---|---|\n{listed}\n\n"
        f"The figure out of fold chose this model among {len(facts.rows)} experiments and is a little flattered; believe the holdout."
    )


def _interval(value: float, low: float, high: float, sign: str = "") -> str:
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _groups(fairness: dict[str, Any] | None) -> str:
    if fairness is None:
        return "## Groups\n\nNot compared: `report.fairness` in the configuration names no column."
    rows = "\n".join(
        f"| {_cell(row['column'])} | {_cell(row['value'])} | {row['cases']} | {row['observed']:.1%} | {row['predicted']:.1%} "
        f"| {_interval(row['auc'], row['low'], row['high'])} | {row['called']:.1%} | {row['reached']:.1%} |"
        for row in fairness["rows"]
    )
    left = fairness["left_out"]
    small = f"\n\n{left} group{'s are' if left > 1 else ' is'} too small to say anything of." if left else ""
    return (
        "## Groups\n\nDevelopment cases, out of fold. Called: the share of a group among the best "
        f"{CALLED:.0%} of all cases; reached: the share of its positives there.\n\n"
        "| column | group | cases | observed | predicted | AUC | called | reached |\n|---|---|---|---|---|---|---|---|\n"
        f"{rows}{small}"
    )


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())


def _limits(facts: Facts) -> str:
    lines = [
        "It knows cases as they were in the data above; when the world moves, it does not. `nightshift predict` warns of drift.",
        "Text is read as words. What is meant by them, irony or a tone of voice, is not known to it.",
        "A category that it never saw counts as a rare one, a missing value as missing, a case without a call as silent.",
    ]
    if facts.verdict["champion"]["ci_low"] <= 0.5:
        lines.insert(0, "**There is no evidence that it is better than chance.**")
    if not facts.config.data.time:
        lines.append(
            "Holdout and development cases are of the same time (no `data.time`): how fast it ages was not measured."
        )
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _made(facts: Facts) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in facts.versions.items())
    commit = f" at commit `{facts.commit[:10]}`" if facts.commit else ""
    return (
        f"## Made by\n\n{len(facts.rows)} experiments{commit}, seed {facts.config.search.seed}, with {versions}.\n\n"
        f"`experiment.yaml` is the experiment; `nightshift predict` reads the rest. In DVC: `dvc exp apply {facts.champion}`."
    )
