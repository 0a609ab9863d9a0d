"""Answers of bounded time and size: a server that drips or never ends holds nobody up.

The client's own time limit is one of silence: it starts anew with every byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx2

_LARGEST = 64 * 1024 * 1024  # bytes


def bounded(seconds: float) -> dict[str, list[Callable]]:
    """Event hooks of a client whose requests take no longer than `seconds` of wall time."""

    def starts(request: httpx2.Request) -> None:
        request.extensions["nightshift_end"] = time.monotonic() + seconds

    def answers(response: httpx2.Response) -> None:
        response.stream = _Stream(response.stream, response.request)

    return {"request": [starts], "response": [answers]}


class _Stream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, request: httpx2.Request):
        self.inner, self.request = inner, request

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self.inner:
            size += len(chunk)
            if size > _LARGEST:
                raise httpx2.ReadError("the answer is larger than 64 MB", request=self.request)
            if time.monotonic() > self.request.extensions["nightshift_end"]:
                raise httpx2.ReadTimeout("the answer takes too long", request=self.request)
            yield chunk

    def close(self) -> None:
        self.inner.close()
