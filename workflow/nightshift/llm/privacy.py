"""What may leave this machine: agent.send, and masks over what does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nightshift.config_agent import Agent
from nightshift.llm.errors import NotSentError

LEVELS = ("metrics", "columns", "transcripts")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[\s().\-/]{0,2}\d){6,18}(?!\w)")
_DATE = re.compile(r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))(?!\d)")
_CARD = range(13, 20)  # digits
_PHONE = range(7, 16)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![\w-])-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?\b")
_SHORTEST_NAME = 3
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_SEVERAL = re.compile(r"\[name\](?:[\s,.]+\[name\])+")


def may_send(agent: Agent, level: str) -> bool:
    return LEVELS.index(agent.send) >= LEVELS.index(level)


def check_send(agent: Agent, level: str, what: str) -> None:
    """Refuse what would send more than agent.send allows.

    Raises
    ------
    NotSentError
        Naming what needs which level.
    """
    if not may_send(agent, level):
        raise NotSentError(f"{what} needs agent.send: {level}; it is {agent.send!r}, so nothing was sent")


class Mask:
    """Takes e-mail addresses, phone numbers, card numbers and names out of texts; quick however many the names are.

    Parameters
    ----------
    names : full names; their parts of three letters and more are masked too
    """

    def __init__(self, names: Iterable[str] = ()):
        parts = {part for name in names for part in (name.strip(), *re.split(r"[\s,.;]+", name))}
        parts = {part for part in parts if len(part) >= _SHORTEST_NAME}
        self._words = {part.lower() for part in parts if _WORD.fullmatch(part)}
        # Those of several words are found by their parts, but for very short ones ("Li Wu") and odd signs.
        odd = [part for part in parts if not _WORD.fullmatch(part) and not self._found_by_parts(part)]
        said = "|".join(map(re.escape, sorted(odd, key=len, reverse=True)))
        self._odd = re.compile(rf"(?<!\w)(?:{said})(?!\w)", re.IGNORECASE) if odd else None

    def __call__(self, text: str) -> str:
        text = _EMAIL.sub("[email]", text)
        text = _DIGITS.sub(_number, text)
        if self._odd is not None:
            text = self._odd.sub("[name]", text)
        if self._words:
            text = _SEVERAL.sub("[name]", _WORD.sub(self._named, text))
        return text

    def _found_by_parts(self, name: str) -> bool:
        return all(word.lower() in self._words for word in re.split(r"[\s,.;]+", name) if word)

    def _named(self, found: re.Match[str]) -> str:
        word = found[0]
        if word.lower() in self._words:
            return "[name]"
        # The parts of "Quill's" and "Quill-Meyer".
        return re.sub(r"\w+", lambda part: "[name]" if part[0].lower() in self._words else part[0], word)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """A text without e-mail addresses, phone numbers, card numbers and the names given.

    Parameters
    ----------
    text : str
    names : full names; their parts of three letters and more are masked too
    """
    return Mask(names)(text)


def _number(found: re.Match[str]) -> str:
    digits = [int(letter) for letter in found[0] if letter.isdigit()]
    if len(digits) in _CARD and _luhn(digits):
        return "[card]"
    if _DATE.match(found[0]):
        return found[0]
    apart = any(letter in " ()-/+" for letter in found[0])
    # A bare run of few digits is an amount or an id as often as a phone number; a long one is not.
    return "[phone]" if len(digits) in _PHONE and (apart or len(digits) >= 9) else found[0]


def _luhn(digits: list[int]) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812-1)."""
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def without_values(text: str) -> str:
    """A message about data without what stands in quotes and without numbers: either may be the value of a cell."""
    return _NUMBER.sub("#", _QUOTED.sub("'...'", text))
