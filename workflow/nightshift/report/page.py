"""The page: facts into HTML, with the JavaScript of the charts inside it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from nightshift.config import Config
from nightshift.files import write_text
from nightshift.report import champion_charts, drawing, holdout_charts, sentences, theme
from nightshift.report.charts import Chart
from nightshift.report.curve import curve
from nightshift.report.gather import Facts, gather
from nightshift.report.tree import as_tree

_PLOTS = ("curve", "roc", "gain", "calibration")
_NO_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'


def write_report(
    target: str | Path,
    config: Config,
    root: Path = Path(),
    diagnosis: dict[str, Any] | None = None,
    plots: str | Path | None = None,
) -> Facts:
    """Write the page of what a night has left so far. The same files make the same page.

    Parameters
    ----------
    target : where to write it
    config : Config
    root : the project
    diagnosis : dict, optional
        Of the current champion, where results/diagnosis.json is not there or older.
    plots : folder, optional
        Where to put the main charts as SVG files too.
    """
    facts = gather(config, root, diagnosis)
    made = make_charts(facts)
    if plots is not None:
        for name in _PLOTS:
            chart = made.get(name)
            write_text(Path(plots, f"{name}.svg"), theme.to_svg(chart.spec) if chart else _NO_PICTURE)
    write_text(target, render(facts, made))
    return facts


def make_charts(facts: Facts) -> dict[str, Chart]:
    """Every chart that the facts allow, by name; one that cannot be drawn is left out and said in the log."""
    wanted: dict[str, Callable[[Facts], Chart | None]] = {"curve": curve}
    if facts.verdict:
        wanted["ladder"] = champion_charts.ladder
    if facts.curves and facts.verdict:
        wanted |= {"roc": holdout_charts.roc, "gain": holdout_charts.gain, "calibration": holdout_charts.calibration}
    if _there(facts, "importance"):
        wanted |= {"views": champion_charts.views, "columns": champion_charts.columns}
    if _there(facts, "slices"):
        wanted["slices"] = champion_charts.slices
    made = {}
    for name, make in wanted.items():
        try:
            chart = make(facts)
        except Exception:
            traceback.print_exc()
            continue
        if chart is not None:
            made[name] = chart
    return made


def _there(facts: Facts, part: str) -> bool:
    return facts.diagnosis is not None and "failed" not in facts.diagnosis[part]


def render(facts: Facts, made: dict[str, Chart]) -> str:
    """The page as text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("nightshift.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["signed"] = lambda value, digits=4: "" if value is None else f"{value:+.{digits}f}"
    environment.filters["fixed"] = lambda value, digits=4: "" if value is None else f"{value:.{digits}f}"
    environment.filters["seconds"] = _seconds
    champion = drawing.draw(facts.experiment, facts.metrics.get("weights", {})) if facts.experiment else ""
    return environment.get_template("report.html.j2").render(
        facts=facts,
        charts=made,
        specs=_script_safe({name: chart.spec for name, chart in made.items()}),
        style=_asset("report.css"),
        script=_asset("report.js"),
        bundle=_bundle() if made else Markup(""),
        say=sentences,
        rows=as_tree(facts.rows),
        drawing=Markup(champion),
        bases=drawing.base_rows(facts.experiment, facts.metrics) if facts.experiment else [],
        words=facts.diagnosis["words"] if _there(facts, "words") else [],
        failed={part: facts.diagnosis[part]["failed"] for part in _failed(facts)},
    )


def _failed(facts: Facts) -> list[str]:
    parts = ("importance", "words", "slices")
    return [part for part in parts if facts.diagnosis is not None and not _there(facts, part)]


def _asset(name: str) -> Markup:
    return Markup(files("nightshift.report").joinpath("templates", name).read_text(encoding="utf-8"))


def _bundle() -> Markup:
    """Vega, Vega-Lite and Vega-Embed; what would end the script element early is written another way."""
    import vl_convert

    return Markup(vl_convert.javascript_bundle().replace("</script", "<\\/script"))


def _script_safe(content: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _seconds(value: float | None) -> str:
    """75.2 -> 1 min 15 s."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
