"""The calls of the deals: who says what, for how long, after which pause."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nightshift.demo.crm import Truth
from nightshift.demo.phrases import COLD, FILLERS, GOODBYES, OPINIONS, PITCHES, REP, SMALL_TALK, WARM

_CALLS = np.array([0.05, 0.20, 0.33, 0.27, 0.15])  # share of deals with 0, 1, 2, 3, 4 calls
_CUE = 0.85  # share of the customer's turns that say something about the deal
_PITCH = 0.7  # share of the rep's turns that use such words too (comment rewritten)
_CLARITY, _CLARITY_LAST = 1.8, 2.6  # how strongly warmth leans the words, before and in the end
_LAST = 0.7  # place in the call where its end begins
_WORDS_A_SECOND = 2.6


def make_turns(ids: list[str], created: np.ndarray, truth: Truth, rng: np.random.Generator) -> Iterator[dict]:
    """Turns of all calls of some deals, in order.

    Parameters
    ----------
    ids : list of str (n_deals,)
    created : datetime64[D] array (n_deals,)
    truth : Truth
    rng : Generator

    Yields
    ------
    dict with deal_id, call, turn, speaker, text, start, end (seconds), time (of the call)
    """
    calls = rng.choice(len(_CALLS), len(ids), p=_CALLS)
    for row, deal in enumerate(ids):
        day = created[row]
        for call in range(1, calls[row] + 1):
            day = day + np.timedelta64(int(rng.integers(2, 21)), "D")
            time = f"{day}T{rng.integers(8, 18):02d}:{rng.integers(0, 60):02d}:00"
            for turn in _call(truth.warmth[row], truth.rhythm[row], rng):
                yield {"deal_id": deal, "call": str(call), **turn, "time": time}


def _call(warmth: float, rhythm: float, rng: np.random.Generator) -> Iterator[dict]:
    length = int(rng.integers(14, 29))
    # A customer in a good rhythm talks more, asks back and lets no long pauses grow.
    customer_talks = 1 / (1 + np.exp(-(-0.1 + 0.6 * rhythm + 0.15 * rng.normal())))
    pause = np.exp(0.1 - 0.5 * rhythm + 0.2 * rng.normal())
    talkative = np.exp(0.35 * rhythm + 0.2 * rng.normal())
    customer = rng.random(length) < customer_talks
    customer[0] = False
    gaps = rng.exponential(pause, length) - 0.35
    draws = rng.random((length, 4))
    picks = rng.integers(0, 2**31, (length, 5))
    clock = 0.0
    for number in range(length):
        if customer[number]:
            last = number >= _LAST * length
            text = _customer(warmth, last, talkative, draws[number], picks[number])
        else:
            text = _rep(draws[number], picks[number])
        start = max(0.0, clock + gaps[number]) if number else 0.0
        seconds = (text.count(" ") + 1) / _WORDS_A_SECOND * (0.8 + 0.4 * draws[number, 3])
        clock = start + seconds
        speaker = "customer" if customer[number] else "rep"
        yield {"turn": number, "speaker": speaker, "text": text, "start": round(start, 2), "end": round(clock, 2)}


def _rep(draws: np.ndarray, picks: np.ndarray) -> str:
    text = _fill(REP, picks[0], picks[2:])
    if draws[0] > _PITCH:
        return text
    words = WARM if draws[1] < 0.5 else COLD
    return f"{text} {_fill(PITCHES, picks[1], picks[2:], words[int(picks[1]) % len(words)])}"


def _customer(warmth: float, last: bool, talkative: float, draws: np.ndarray, picks: np.ndarray) -> str:
    sentences = []
    if draws[0] < _CUE:
        clarity, sentences_of = (_CLARITY_LAST, GOODBYES) if last else (_CLARITY, OPINIONS)
        leaning = 1 / (1 + np.exp(-clarity * warmth))
        chosen = WARM if draws[1] < leaning else COLD
        sentences.append(_fill(sentences_of, picks[0], picks[2:], chosen[int(picks[1]) % len(chosen)]))
    if not sentences or draws[2] < 0.45 * talkative:
        sentences.append(_fill(SMALL_TALK, picks[1], picks[2:][::-1]))
    return " ".join(sentences)


def _fill(sentences: list[str], pick: int, fills: np.ndarray, word: str = "") -> str:
    sentence = sentences[pick % len(sentences)]
    if "{" not in sentence:
        return sentence
    words = {
        name: options[(int(fills[0]) >> (4 * i)) % len(options)] for i, (name, options) in enumerate(FILLERS.items())
    }
    text = sentence.format(**words, word=word)
    return text[0].upper() + text[1:]
