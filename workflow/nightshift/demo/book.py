"""All sentences of the demo in one table, numbered, so that calls can be drawn as arrays of numbers."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nightshift.demo import phrases, topics

# A cast fills the names, tools and months of a deal. Its fillers are chosen by steps that share no factor with the
# lengths of the lists, so that 60 casts are all different.
CASTS = 60
TOPIC_FREE = {
    "rep_greeting": phrases.REP_GREETINGS,
    "customer_greeting": phrases.CUSTOMER_GREETINGS,
    "small_talk": phrases.SMALL_TALK,
    "nod": phrases.NODS,
    "yes": phrases.YES,
    "later": phrases.LATER,
    "wrap_up": phrases.WRAP_UPS,
}
KIND = {name: number for number, name in enumerate((*topics.KINDS, *TOPIC_FREE))}
NOTHING = -1
# Lead 0 is none at all; those of customers come before those of reps.
LEADS = ["", *phrases.CUSTOMER_LEADS, *phrases.REP_LEADS]


class Book(NamedTuple):
    """Sentences as arrays. Sentence 0 of `first[kind, topic]` and the `count[kind, topic] - 1` after it are of one kind.

    Attributes
    ----------
    first, count : int arrays (n_kinds, n_topics)
    text : object array (CASTS, n_sentences + 1), starting in upper case; the last sentence is empty
    clause : the same, starting as after a lead: in lower case unless it is a name
    words : int array (CASTS, n_sentences + 1)
    asks : bool array (n_sentences + 1,), does it end in a question mark?
    """

    first: np.ndarray
    count: np.ndarray
    text: np.ndarray
    clause: np.ndarray
    words: np.ndarray
    asks: np.ndarray


@cache
def book() -> Book:
    """The book, made once."""
    listed: list[str] = []
    first = np.zeros((len(KIND), len(topics.TOPICS)), dtype=np.int64)
    count = np.zeros_like(first)
    for topic, lists in enumerate(topics.TOPICS.values()):
        for kind, sentences in enumerate(lists):
            first[kind, topic], count[kind, topic] = len(listed), len(sentences)
            listed += [_ended(sentence) for sentence in sentences]
    for name, sentences in TOPIC_FREE.items():
        first[KIND[name]], count[KIND[name]] = len(listed), len(sentences)
        listed += sentences
    clause = np.array([[*(fill(sentence, cast) for sentence in listed), ""] for cast in range(CASTS)], dtype=object)
    upper = np.frompyfunc(lambda sentence: sentence[:1].upper() + sentence[1:], 1, 1)
    words = np.frompyfunc(lambda sentence: len(sentence.split()), 1, 1)(clause).astype(np.int64)
    asks = np.array([sentence.endswith("?") for sentence in [*listed, ""]])
    return Book(first, count, upper(clause), clause, words, asks)


def fill(sentence: str, cast: int) -> str:
    """The sentence with the names and numbers of a cast."""
    if "{" not in sentence:
        return sentence
    names = {
        name: options[(cast * step) % len(options)]
        for step, (name, options) in enumerate(phrases.FILLERS.items(), start=1)
    }
    return sentence.format(**names)


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in ".?" else f"{sentence}."
