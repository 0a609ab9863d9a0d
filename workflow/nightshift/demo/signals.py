"""What calls show of a deal: the parts of its chance of winning that are in the transcripts."""

from __future__ import annotations

import numpy as np

from nightshift.demo.book import KIND, book
from nightshift.demo.calls import Turns
from nightshift.demo.speech import LATE

# Mean and spread of each measure over very many deals with calls. Fixed, not taken from the sample: a deal must not
# depend on which others are made with it.
_SCALES = {
    "cues": (-0.0001, 0.5314),
    "ending": (0.0012, 0.4511),
    "talk": (0.4722, 0.0587),
    "curiosity": (0.1971, 0.1428),
    "silence": (4.1296, 0.5082),
    "trend": (0.0196, 0.1290),
}


def measure(turns: Turns, n_deals: int) -> dict[str, np.ndarray]:
    """Measures of the calls of each deal, about standard normal; 0 for deals without calls.

    Returns
    -------
    dict of float arrays (n_deals,)
        cues: warm against cold among all that the customer states; ending: the same for parting words late in calls;
        talk: the customer's share of words; curiosity: the customer's questions a turn; silence: pause before the
        customer speaks; trend: the customer's share of words late in calls less that early.
    """
    raw = _raw(turns, n_deals)
    has_calls = np.bincount(turns.deal, minlength=n_deals) > 0
    return {name: np.where(has_calls, (raw[name] - mean) / spread, 0.0) for name, (mean, spread) in _SCALES.items()}


def balance(talk: np.ndarray) -> np.ndarray:
    """Too little is as bad as too much: best when the customer's share is a little above the usual one."""
    return (1.104 - np.minimum((talk - 0.4) ** 2, 6.0)) / 1.422


def _raw(turns: Turns, n_deals: int) -> dict[str, np.ndarray]:
    def total(amount: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.bincount(turns.deal[of], amount[of].astype(float), minlength=n_deals)

    everybody, customer = np.ones(len(turns.deal), dtype=bool), turns.customer
    one = np.ones(len(turns.deal))
    said = {name: (turns.kinds == KIND[name]).sum(axis=1) for name in ("warm", "cold", "yes", "later")}
    late, early = turns.place >= LATE, turns.place < 1 / 3
    follows = customer & (turns.turn > 0)
    pause = np.maximum(turns.start - np.append(0, turns.end[:-1]), 0)

    def leaning(good: str, bad: str, of: np.ndarray) -> np.ndarray:
        up, down = total(said[good], of), total(said[bad], of)
        return (up - down) / (up + down + 2)

    def share(part: np.ndarray) -> np.ndarray:
        return total(turns.words, customer & part) / np.maximum(total(turns.words, part), 1)

    return {
        "cues": leaning("warm", "cold", customer),
        "ending": leaning("yes", "later", customer & late),
        "talk": share(everybody),
        "curiosity": total(book().asks[turns.sentences].sum(axis=1), customer) / np.maximum(total(one, customer), 1),
        "silence": np.log(np.maximum(total(pause, follows) / np.maximum(total(one, follows), 1), 1)),
        "trend": share(late) - share(early),
    }
