"""The CRM's columns of the deals, and what they say of a deal's chance."""

from __future__ import annotations

import numpy as np

from nightshift.demo.book import fill
from nightshift.demo.phrases import NOTES

# Category -> weight among all. The last ones are rare.
INDUSTRIES = {
    "software": 22, "retail": 16, "manufacturing": 15, "healthcare": 12, "finance": 11, "education": 8,
    "logistics": 7, "energy": 4, "media": 3, "aerospace": 1, "fishery": 1,
}  # fmt: skip
REGIONS = {"north": 30, "south": 25, "east": 15, "west": 20, "abroad": 10}
SOURCES = {"inbound": 30, "outbound": 28, "event": 16, "partner": 14, "referral": 12}
PLANS = {"starter": 30, "team": 34, "business": 24, "enterprise": 10, "custom": 2}
REPS = {f"rep-{number:02d}": 14 - number for number in range(1, 13)}

_SOURCE_EFFECT = np.array([0.25, -1.3, 0.25, 0.25, 1.25])
_MEAN, _SPREAD = -0.048, 1.332  # of the effect over very many deals
_EPOCH = np.datetime64("2025-01-06")
_DAYS = 420


def make_crm(
    account: np.ndarray, cast: np.ndarray, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray | list[str]], np.ndarray]:
    """CRM columns of deals whose accounts are numbered from 0, and what they say of each deal's chance."""
    n = len(account)
    company = _company(account, rng)
    size = 8.9 + 0.35 * (np.log(company["company_size"]) - 5.3) + rng.normal(0, 0.9, n)
    days = rng.gamma(2.0, 25.0, n)
    stakeholders = 1 + rng.poisson(1.8, n)
    discount = np.round(np.clip(rng.normal(8, 7, n), 0, 40), 1)
    source, plan = _pick(SOURCES, n, rng), _pick(PLANS, n, rng)
    step_missing = rng.random(n) < 0.28
    effect = (
        _SOURCE_EFFECT[source]
        - 0.85 * np.clip((days - 50) / 35, -1.5, 2)
        + 0.25 * np.clip(stakeholders - 2.8, -2, 2) / 1.3
        - 0.2 * np.clip(size - 8.9, -2, 2)
        - 1.4 * (step_missing - 0.28)
        # A discount helps to sell the larger plans and cheapens the smaller ones.
        + 0.03 * (discount - 8.3) * np.where(plan >= 2, 1.0, -0.6)
    )
    created = _EPOCH + rng.integers(0, _DAYS, n).astype("timedelta64[D]")
    step = created + rng.integers(5, 60, n).astype("timedelta64[D]")
    columns = {
        "created": created.astype(str),
        "amount": np.round(np.exp(size), -1).astype(np.int64),
        "seats": np.maximum(np.rint(np.exp(size - 5.2 + rng.normal(0, 0.5, n))), 3).astype(np.int64),
        "days_in_stage": np.round(days, 1),
        "stakeholders": _with_gaps(stakeholders, rng.random(n) < 0.08),
        "discount_percent": _with_gaps(discount, rng.random(n) < 0.12),
        "emails_sent": rng.poisson(9, n),
        "meetings": rng.poisson(2.2, n),
        "website_visits": rng.negative_binomial(2, 0.25, n),
        "nps": _with_gaps(rng.integers(-20, 80, n), rng.random(n) < 0.5),
        **company,
        "lead_source": _with_gaps(_names(SOURCES)[source], rng.random(n) < 0.05),
        "plan": _names(PLANS)[plan],
        "sales_rep": _names(REPS)[_pick(REPS, n, rng)],
        "next_step_date": _with_gaps(step.astype(str), step_missing),
        "notes": _notes(cast, rng),
    }
    return columns, (effect - _MEAN) / _SPREAD


def _company(account: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Columns that the deals of an account share."""
    n = account.max() + 1
    size = np.rint(np.exp(rng.normal(5.3, 1.2, n))).astype(np.int64) + 5
    industry, region = _names(INDUSTRIES)[_pick(INDUSTRIES, n, rng)], _names(REGIONS)[_pick(REGIONS, n, rng)]
    return {
        "company_size": size[account],
        "industry": industry[account],
        "region": _with_gaps(region, rng.random(n) < 0.04)[account],
    }


def _names(weights: dict[str, int]) -> np.ndarray:
    return np.array(list(weights), dtype=object)


def _pick(weights: dict[str, int], n: int, rng: np.random.Generator) -> np.ndarray:
    share = np.array(list(weights.values()), dtype=float)
    return rng.choice(len(share), n, p=share / share.sum())


def _with_gaps(values: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    cells = values.astype(object)
    cells[gaps] = None
    return cells


def _notes(cast: np.ndarray, rng: np.random.Generator) -> list[str]:
    picks = rng.integers(0, len(NOTES), (len(cast), 2))
    empty = rng.random(len(cast)) < 0.1
    return [
        "" if nothing else " ".join(fill(NOTES[note], names) for note in dict.fromkeys(pair))
        for names, pair, nothing in zip(cast.tolist(), picks.tolist(), empty.tolist(), strict=True)
    ]
