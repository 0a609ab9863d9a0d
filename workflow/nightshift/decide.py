"""Keep or discard: decided in ledger order, against the champion of all experiments before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scipy.stats import norm

from nightshift.metrics import z_score

Status = Literal["keep", "discard", "crash"]

# A simpler experiment may lose this much, in standard errors, measured against the best ever: small steps down
# measured against each last champion would add up.
_SIMPLER_MAY_LOSE = 0.25


@dataclass(frozen=True)
class Comparison:
    """A paired comparison with an earlier experiment: difference of the metric (larger is better) and its error."""

    delta: float
    error: float

    @property
    def z(self) -> float:
        return z_score(self.delta, self.error)


def luck_of(tried: int) -> float:
    """Standard errors that about one of so many experiments without any gain exceeds."""
    return float(norm.isf(1 / (tried + 1)))


def decide(
    to_champion: Comparison | None,
    to_best: Comparison | None,
    n_bases: int,
    champion_bases: int,
    keep: float,
    tried: int | None = None,
) -> tuple[Status, str]:
    """Status of an experiment that did not crash, and why.

    Parameters
    ----------
    to_champion, to_best : Comparison or None
        With the champion so far (where that was kept as the steadier one though it is behind: with the one before it), and with the
        experiment of the best value so far; None: there is none yet.
    n_bases, champion_bases : int
    keep : float
        Standard errors of the paired difference that a gain has to exceed. The comparison is adaptive, so its z is
        nominal: it steers the search, it is no test.
    tried : int or None
        Of an experiment that steadies the champion (`Experiment.steady`): how many were tried before. It may lose as much as the
        best of so many leads without being better.
    """
    if to_champion is None or to_best is None:
        return "keep", "the first that ran through"
    if to_champion.delta > keep * to_champion.error:
        return "keep", f"better by {to_champion.delta:.4f} (z {to_champion.z:.1f})"
    if tried is not None and to_champion.delta >= -luck_of(tried) * to_champion.error:
        return "keep", f"steadier, and behind by no more than the luck of {tried} tries (z {to_champion.z:.1f})"
    if n_bases < champion_bases and to_best.delta >= -_SIMPLER_MAY_LOSE * to_best.error:
        return "keep", f"simpler ({n_bases} bases instead of {champion_bases}) and not worse"
    return "discard", f"not better than the champion by more than {keep:g} standard errors"
