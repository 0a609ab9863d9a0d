"""What is true of a deal: levers that shape its calls, and the chance of winning that follows from what is seen.

The levers (a customer's mood, how calls end, who talks) make cues go together. The chance does not come from the
levers but from what they left in the files: shares of words and pauses as they were drawn. So all that decides a deal,
but for a small effect of its account, can be found in the data.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit
from scipy.stats import rankdata

# Weights of the parts of the log-odds, each part of variance about 1. Together they put the best AUC near 0.70, and no
# part alone is much: who wants all of it has to find all parts.
WEIGHTS = {
    "crm": 0.56,
    "cues": 0.36,
    "ending": 0.30,
    "balance": 0.18,
    "curiosity": 0.10,
    "silence": 0.15,
    "trend": 0.26,
    "account": 0.10,
}
_INTERCEPT = -0.3
_SHARED = 0.25  # share of a lever's variance that the deals of an account have in common


@dataclass(frozen=True)
class Levers:
    """Standard normal arrays (n_deals,) that shape the calls of each deal.

    Attributes
    ----------
    account : felt by all deals of an account, seen nowhere
    mood : does the customer state warm or cold things?
    ending : how does the customer leave the calls?
    talk : how much does the customer say?
    curiosity : how much does the customer ask?
    silence : how long does the customer think before speaking?
    trend : does the customer open up towards the end of a call?
    style : does the rep talk in warm or cold words? Of the rep, not of the deal's chance
    """

    account: np.ndarray
    mood: np.ndarray
    ending: np.ndarray
    talk: np.ndarray
    curiosity: np.ndarray
    silence: np.ndarray
    trend: np.ndarray
    style: np.ndarray


def draw_levers(account: np.ndarray, rng: np.random.Generator) -> Levers:
    """Levers of deals whose accounts are numbered from 0 in `account`."""
    names = [field.name for field in fields(Levers)]
    own = rng.normal(size=(len(names), len(account)))
    shared = rng.normal(size=(len(names), account.max() + 1))[:, account]
    levers = dict(zip(names, np.sqrt(1 - _SHARED) * own + np.sqrt(_SHARED) * shared, strict=True))
    levers["account"] = shared[0]
    return Levers(**levers)


def chance(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Probability of winning from the parts named in `WEIGHTS`, (n_deals,)."""
    return expit(_INTERCEPT + sum(weight * parts[name] for name, weight in WEIGHTS.items()))


def best_auc(probability: np.ndarray) -> float:
    """AUC to be expected of who ranks deals by their true chance: no model does better in the long run.

    The share of pairs (won, lost) that are ranked right, over all outcomes that these chances allow; free of the luck
    of the one outcome that was drawn.
    """
    order = np.argsort(probability, kind="stable")
    won, lost = probability[order], 1 - probability[order]
    pairs = won.sum() * lost.sum() - (won * lost).sum()  # a deal is not paired with itself
    below = np.cumsum(lost) - lost
    return float((won * below).sum() / pairs)


def auc(won: np.ndarray, scores: np.ndarray) -> float:
    """AUC of scores on the outcome as drawn."""
    positive = won == 1
    m = int(positive.sum())
    return float((rankdata(scores)[positive].sum() - m * (m + 1) / 2) / (m * (len(won) - m)))
