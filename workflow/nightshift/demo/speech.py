"""What is said in a turn: which kinds of sentences, and which sentence of each kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nightshift.demo.book import KIND, LEADS, NOTHING, book
from nightshift.demo.latent import Levers
from nightshift.demo.phrases import CUSTOMER_LEADS

LATE = 2 / 3  # place in the call from which the customer's parting words count
_LEAD = 0.6  # share of cues that a customer begins with a lead; a rep always does
_SHARP = 1.9  # how much a lever of 1 moves the log-odds of warm against cold
# Shares of the customer's turns: parting words late and, as mere talk, earlier; then cues, then questions.
_PARTING_LATE, _PARTING_EARLY, _CUE, _QUESTION = 0.55, 0.22, 0.62, 0.17
# Shares of the rep's turns: playing back a cue, then asking; the rest is pitching.
_PLAYED_BACK, _ASKED = 0.5, 0.27
# A rep talks the warmer, the colder the customer is: what is said by both together says little.
_COUNTER = -0.75
_LAST_OF_CUSTOMER = len(CUSTOMER_LEADS)


@dataclass(frozen=True)
class Scene:
    """Where each turn stands; arrays (n_turns,)."""

    deal: np.ndarray
    turn: np.ndarray
    length: np.ndarray
    customer: np.ndarray
    topic: np.ndarray

    @property
    def place(self) -> np.ndarray:
        return self.turn / self.length


def choose_kinds(levers: Levers, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Kinds of up to three sentences a turn, (n_turns, 3)."""
    customer = _customer_kinds(levers, scene, rng)
    rep = _rep_kinds(levers, scene, rng)
    kinds = np.where(scene.customer[:, None], customer, rep)
    asked = np.append(False, (kinds[:-1] == KIND["question"]).any(axis=1)) & (scene.turn > 0)
    kinds[asked & ~scene.customer, 0] = KIND["answer"]
    return kinds


def choose_sentences(kinds: np.ndarray, scene: Scene, offset: np.ndarray) -> np.ndarray:
    """Numbers of sentences in the book, (n_turns, 3).

    Sentences of a kind are gone through in order from an offset of the call, so that nobody repeats a sentence within
    a topic.
    """
    # An answer belongs to the question of the turn before, even if that closed its topic.
    asked_about = np.append(0, scene.topic[:-1])
    topic = np.where(kinds == KIND["answer"], asked_about[:, None], scene.topic[:, None])
    step = (offset + 2 * scene.turn)[:, None] + np.arange(kinds.shape[1])
    return np.where(
        kinds == NOTHING, NOTHING, book().first[kinds, topic] + step % np.maximum(book().count[kinds, topic], 1)
    )


def choose_leads(first_kinds: np.ndarray, customer: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the leads before cues, 0 for none; a rep never states a cue without one."""
    is_cue = (first_kinds == KIND["warm"]) | (first_kinds == KIND["cold"])
    of_customer = np.where(rng.random(len(customer)) < _LEAD, rng.integers(1, _LAST_OF_CUSTOMER + 1, len(customer)), 0)
    of_rep = rng.integers(_LAST_OF_CUSTOMER + 1, len(LEADS), len(customer))
    return np.where(is_cue, np.where(customer, of_customer, of_rep), 0)


def _customer_kinds(levers: Levers, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    deal, place, n = scene.deal, scene.place, len(scene.deal)
    u = rng.random((8, n))
    late = place >= LATE
    # Early on, parting words follow a coin: they are the same words, and only talk.
    leaves_well = u[0] < np.where(late, expit(_SHARP * levers.ending[deal]), 0.5)
    parting = np.where(leaves_well, KIND["yes"], KIND["later"])
    cue = np.where(u[1] < expit(_SHARP * levers.mood[deal]), KIND["warm"], KIND["cold"])
    asks = _QUESTION * np.exp(0.5 * levers.curiosity[deal])
    aside = np.where(u[2] < 0.6, KIND["neutral"], np.where(u[2] < 0.8, KIND["nod"], KIND["small_talk"]))
    said = np.where(u[3] < _CUE, cue, aside)
    first = np.where(u[4] < np.where(late, _PARTING_LATE, _PARTING_EARLY), parting, said)
    first = np.where(scene.turn <= 1, KIND["customer_greeting"], first)
    more = expit(-0.5 + 1.1 * levers.talk[deal] + 1.1 * levers.trend[deal] * (2 * place - 1))
    second = np.where(u[5] < more, np.where(first == said, KIND["neutral"], said), NOTHING)
    third = np.where(u[6] < asks, KIND["question"], np.where(u[7] < 0.5 * more, KIND["neutral"], NOTHING))
    return np.column_stack([first, second, third])


def _rep_kinds(levers: Levers, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    deal, n = scene.deal, len(scene.deal)
    u = rng.random((5, n))
    leaning = levers.style[deal] + _COUNTER * levers.mood[deal]
    played = np.where(u[0] < expit(_SHARP * leaning), KIND["warm"], KIND["cold"])
    led = np.where(u[1] < _ASKED / (1 - _PLAYED_BACK), KIND["ask"], KIND["pitch"])
    first = np.where(u[2] < _PLAYED_BACK, played, led)
    first = np.where(scene.turn == 0, KIND["rep_greeting"], first)
    first = np.where(scene.turn >= scene.length - 2, KIND["wrap_up"], first)
    second = np.where(u[3] < 0.45, np.where(first == KIND["ask"], KIND["pitch"], KIND["ask"]), NOTHING)
    third = np.where(u[4] < 0.15, KIND["pitch"], NOTHING)
    return np.column_stack([first, np.where(scene.turn == 0, NOTHING, second), third])
