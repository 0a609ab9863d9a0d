"""The deals: what is true of them, and the CRM columns that people see of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nightshift.demo.phrases import FILLERS, NOTES

INDUSTRIES = [
    "software",
    "retail",
    "manufacturing",
    "healthcare",
    "finance",
    "education",
    "logistics",
    "energy",
    "media",
]
REGIONS = ["north", "south", "east", "west", "abroad"]
SOURCES = ["inbound", "outbound", "partner", "event", "referral"]
PLANS = ["starter", "team", "business", "enterprise"]
REPS = ["rep-01", "rep-02", "rep-03", "rep-04", "rep-05", "rep-06", "rep-07", "rep-08"]
DEALS_AN_ACCOUNT = 3

# Standard deviations of the parts of the log-odds. Together they put the best possible AUC near 0.70; no single part
# is much, so a model has to find several of them.
CRM, WARMTH, RHYTHM, ACCOUNT = 0.58, 0.58, 0.30, 0.05
_INTERCEPT = -0.35


@dataclass(frozen=True)
class Truth:
    """What the generator knows of each deal; arrays (n_deals,).

    `warmth` shows in the customer's words, most clearly at the end of calls, `rhythm` in who talks how long and when;
    `probability` is the chance of winning given all of it.
    """

    warmth: np.ndarray
    rhythm: np.ndarray
    probability: np.ndarray
    won: np.ndarray


def make_deals(n: int, first: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Truth]:
    """CRM rows of `n` deals numbered from `first`, and their truth."""
    account = (first + np.arange(n)) // DEALS_AN_ACCOUNT
    size = rng.normal(9.2, 1.0, n)
    seats = rng.integers(5, 400, n)
    days = rng.gamma(2.0, 25.0, n)
    stakeholders = 1 + rng.poisson(1.8, n)
    discount = np.clip(rng.normal(8, 7, n), 0, 40)
    industry, region = rng.choice(len(INDUSTRIES), n, p=_falling(len(INDUSTRIES))), rng.choice(len(REGIONS), n)
    source, plan = (
        rng.choice(len(SOURCES), n, p=_falling(len(SOURCES))),
        rng.choice(len(PLANS), n, p=_falling(len(PLANS))),
    )
    crm = (
        -0.85 * (days - 50) / 35
        + np.array([0.7, -0.8, 0.2, 0.0, 0.8])[source]
        + 0.25 * np.minimum(stakeholders - 2.8, 3) / 1.3
        - 0.2 * (size - 9.2)
        + 0.03 * (discount - 8) * np.where(plan >= 2, 1.0, -0.6)
    )
    warmth, rhythm = rng.normal(size=(2, n))
    felt = rng.normal(size=(n + 2 * DEALS_AN_ACCOUNT) // DEALS_AN_ACCOUNT + 1)[account - account[0]]
    logit = _INTERCEPT + CRM * _unit(crm, 1.25) + WARMTH * warmth + RHYTHM * rhythm + ACCOUNT * felt
    probability = 1 / (1 + np.exp(-logit))
    won = (rng.random(n) < probability).astype(int)
    created = np.datetime64("2025-01-06") + rng.integers(0, 420, n).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "deal_id": [f"D{number:07d}" for number in range(first, first + n)],
            "account": [f"A{number:06d}" for number in account],
            "created": created.astype(str),
            "amount": np.round(np.exp(size), -1).astype(int),
            "seats": seats,
            "days_in_stage": np.round(days, 1),
            "stakeholders": _with_gaps(stakeholders.astype(float), 0.08, rng),
            "discount_percent": _with_gaps(np.round(discount, 1), 0.15, rng),
            "emails_sent": rng.poisson(9, n),
            "meetings": rng.poisson(2.2, n),
            "website_visits": rng.poisson(6, n),
            "company_size": np.round(np.exp(rng.normal(5.3, 1.2, n)), 0).astype(int),
            "industry": np.array(INDUSTRIES, dtype=object)[industry],
            "region": np.array(REGIONS, dtype=object)[region],
            "lead_source": _with_gaps(np.array(SOURCES, dtype=object)[source], 0.05, rng),
            "plan": np.array(PLANS, dtype=object)[plan],
            "sales_rep": np.array(REPS, dtype=object)[rng.choice(len(REPS), n)],
            "next_step_date": _with_gaps(
                (created + rng.integers(5, 60, n).astype("timedelta64[D]")).astype(str).astype(object), 0.3, rng
            ),
            "notes": _notes(n, rng),
            "won": won,
        }
    )
    return frame, Truth(warmth, rhythm, probability, won)


def _falling(n: int) -> np.ndarray:
    weights = 1 / np.arange(1, n + 1)
    return weights / weights.sum()


def _unit(values: np.ndarray, spread: float) -> np.ndarray:
    """Scaled by a fixed spread, not by the sample's: a deal must not depend on which others are drawn with it."""
    return values / spread


def _with_gaps(values: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    gaps = values.astype(object)
    gaps[rng.random(len(values)) < share] = None
    return gaps


def _notes(n: int, rng: np.random.Generator) -> list[str]:
    picks = rng.integers(0, len(NOTES), (n, 2))
    fills = rng.integers(0, 9, n)
    notes = []
    for (one, two), fill in zip(picks, fills, strict=True):
        words = {name: options[fill % len(options)] for name, options in FILLERS.items()}
        notes.append(f"{NOTES[one]} {NOTES[two]}".format(**words))
    return notes
