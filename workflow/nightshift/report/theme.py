"""Colours and type of the charts: names of CSS variables, so that light, dark and paper are the page's business."""

from __future__ import annotations

import json
from typing import Any

CHAMPION = "var(--champion)"
BASELINE = "var(--baseline)"
FAINT = "var(--faint)"
MUTED = "var(--muted)"
INK = "var(--ink)"
PAPER = "var(--paper)"
RULE = "var(--rule)"
CRASH = "var(--crash)"
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"

# For pictures outside the page; report.css has the same for the light page.
_LIGHT = {
    "champion": "#0b6e62",
    "baseline": "#95611a",
    "faint": "#a4abb1",
    "muted": "#5a636c",
    "ink": "#1c2024",
    "paper": "#ffffff",
    "rule": "#e2e0da",
    "crash": "#b3261e",
}

_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "titleFontSize": 12.5,
        "labelFontSize": 12,
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
        "titlePadding": 8,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12.5,
        "title": None,
        "orient": "top",
        "symbolSize": 120,
        "symbolOpacity": 1,
        "offset": 4,
    },
    "text": {"color": INK, "font": FONT},
}


def percent(share: float) -> str:
    """0.16 -> 16 %, which no line breaks apart."""
    return f"{100 * share:.0f}\u00a0%"


def unbroken(text: str) -> str:
    """The same text, with no line broken before a per cent sign."""
    return text.replace(" %", "\u00a0%")


def finished(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart's specification as the page embeds it: the theme in, the address of its schema out."""
    spec = {key: value for key, value in spec.items() if key != "$schema"}
    return {**spec, "config": _CONFIG, "autosize": {"type": "fit-x", "contains": "padding"}}


def to_svg(spec: dict[str, Any], width: int = 760) -> str:
    """The same chart as a picture with the colours of paper."""
    import vl_convert

    text = json.dumps({**spec, "width": width, "background": "white"})
    for name, colour in _LIGHT.items():
        text = text.replace(f"var(--{name})", colour)
    return vl_convert.vegalite_to_svg(json.loads(text))
