"""The calls of the deals as arrays: who speaks when, about what, in which sentences, after which pause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightshift.demo.book import LEADS, book
from nightshift.demo.latent import Levers
from nightshift.demo.speech import Scene, choose_kinds, choose_leads, choose_sentences

_CALLS = np.array([0.08, 0.22, 0.30, 0.25, 0.15])  # share of deals with 0, 1, 2, 3, 4 calls
_LENGTH = (10, 26)  # turns of a call: from, below
_BLOCK = 3  # turns that stay with a topic
_GOES_ON = 0.06  # chance that the same speaker goes on after a pause
_PACE = 2.6  # words a second
_INTERRUPTED = 0.15  # share of turns that begin before the other has finished
_LEAD_WORDS = np.array([len(lead.split()) for lead in LEADS])


@dataclass(frozen=True)
class Turns:
    """All turns of some deals, in order; arrays (n_turns,).

    Attributes
    ----------
    deal : row of the deal
    call : number of the call in its deal, from 1
    turn : place in its call, from 0
    place : the same as a share of the call, from 0 to below 1
    customer : does the customer speak?
    kinds : (n_turns, 3) what the sentences do, see `book.KIND`; `NOTHING` where there is none
    sentences : (n_turns, 3) their numbers in the book
    lead : number of the lead before the first sentence, 0 where there is none
    words : number of words
    start, end : hundredths of a second from the start of the call, whole numbers
    """

    deal: np.ndarray
    call: np.ndarray
    turn: np.ndarray
    place: np.ndarray
    customer: np.ndarray
    kinds: np.ndarray
    sentences: np.ndarray
    lead: np.ndarray
    words: np.ndarray
    start: np.ndarray
    end: np.ndarray


def draw_turns(levers: Levers, cast: np.ndarray, rng: np.random.Generator) -> Turns:
    """Calls of deals with these levers; `cast` says with which names the book speaks in each deal."""
    calls = rng.choice(len(_CALLS), len(cast), p=_CALLS)
    call_deal = np.repeat(np.arange(len(cast)), calls)
    length = rng.integers(*_LENGTH, len(call_deal))
    of_call = np.repeat(np.arange(len(call_deal)), length)
    turn, call = _count_up(length), (_count_up(calls) + 1)[of_call]
    deal = call_deal[of_call]
    customer = _speakers(turn, rng)
    topic = _topics(len(length), rng)[of_call, (turn + 1) // _BLOCK]
    scene = Scene(deal, turn, length[of_call], customer, topic)
    kinds = choose_kinds(levers, scene, rng)
    sentences = choose_sentences(kinds, scene, rng.integers(0, 1000, len(length))[of_call])
    lead = choose_leads(kinds[:, 0], customer, rng)
    words = book().words[cast[deal][:, None], sentences].sum(axis=1) + _LEAD_WORDS[lead]
    start, end = _clock(levers, scene, words, rng)
    return Turns(deal, call, turn, scene.place, customer, kinds, sentences, lead, words, start, end)


def _count_up(lengths: np.ndarray) -> np.ndarray:
    """0, 1, .. lengths[0] - 1, 0, 1, .. lengths[1] - 1, .."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _within_calls(steps: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Running sum that starts anew, from 0, with every call."""
    total = np.cumsum(steps)
    first = np.flatnonzero(turn == 0)
    return total - np.repeat(total[first], np.diff(np.append(first, len(turn))))


def _speakers(turn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rep opens; then they take turns, but for now and then."""
    changes = rng.random(len(turn)) >= _GOES_ON
    return _within_calls(changes.astype(np.int64), turn) % 2 == 1


def _topics(n_calls: int, rng: np.random.Generator) -> np.ndarray:
    """Topics of each call in the order in which they come up, (n_calls, n_topics)."""
    return np.argsort(rng.random((n_calls, book().first.shape[1])), axis=1)


def _clock(levers: Levers, scene: Scene, words: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of turns in whole hundredths of a second, so that sums are exact on every machine."""
    n = len(words)
    pace = _PACE * np.exp(0.12 * rng.normal(size=len(levers.talk)))[scene.deal] * rng.uniform(0.9, 1.1, n)
    lasts = np.rint(100 * (0.3 + words / pace)).astype(np.int64)
    before = np.append(0, lasts[:-1])
    mean_pause = np.where(scene.customer, 0.7 * np.exp(0.45 * levers.silence[scene.deal]), 0.6)
    pause = np.rint(100 * (0.05 + mean_pause * rng.exponential(size=n))).astype(np.int64)
    # Never by more than half of either turn: turns must begin and end in order.
    overlap = np.rint(rng.uniform(0.1, 0.5, n) * np.minimum(np.minimum(before, lasts), 300)).astype(np.int64)
    changes = np.append(False, scene.customer[1:] != scene.customer[:-1])
    gap = np.where(changes & (rng.random(n) < _INTERRUPTED), -overlap, pause)
    start = _within_calls(np.where(scene.turn == 0, 0, before + gap), scene.turn)
    return start, start + lasts
