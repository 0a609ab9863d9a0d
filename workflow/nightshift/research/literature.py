"""New research: arXiv and single pages, read once and kept. Off by default (agent.research.literature)."""

from __future__ import annotations

import ipaddress
import re
import socket
import time
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from nightshift.config_agent import Research
from nightshift.errors import NightshiftError
from nightshift.llm.client import Client

_ARXIV = "https://export.arxiv.org/api/query"
_LARGEST = 3_000_000  # bytes of a page
_LONGEST = 12_000  # characters of its text
_REDIRECTS = 3
_RESULTS = 6
_SECONDS = 30.0
_READABLE = ("text", "html", "xml", "json")  # in the type of a page
_ATOM = "{http://www.w3.org/2005/Atom}"
_SKIPPED = {"script", "style", "noscript", "template", "svg", "nav", "footer", "header", "form"}
_BREAKS = {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "section", "article"}


class PageRefusedError(NightshiftError):
    """A page that is not read, and why."""


def search_arxiv(client: Client, research: Research, query: str) -> str:
    """Titles, authors, dates, addresses and the begin of abstracts of the papers that fit best."""
    asked = urlencode({"search_query": f"all:{query}", "max_results": _RESULTS, "sortBy": "relevance"})
    return _papers(_kept(client, f"{research.arxiv or _ARXIV}?{asked}", research), 400)


def arxiv_abstract(client: Client, research: Research, paper: str) -> str:
    """The whole abstract of one paper, such as 2403.01234."""
    number = re.search(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", paper)
    if number is None:
        raise PageRefusedError(f"{paper!r} is no arXiv number such as 2403.01234")
    return _papers(_kept(client, f"{research.arxiv or _ARXIV}?{urlencode({'id_list': number[0]})}", research), 5000)


def read_page(client: Client, research: Research, address: str) -> str:
    """A page of an allowed host as text, under its address."""
    body = _kept(client, address, research)
    return f"{address}\n\n{text_of(body) if '<' in body[:2000] else body}"[:_LONGEST]


def addresses_in(text: str) -> set[str]:
    """Addresses that stand in a text, without what may differ between two names of one page: the scheme, `www.`, a slash at
    the end and the version of a paper."""
    found = re.findall(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)*[\w-]+(?::\d+)?/[^\s<>()\[\]\"']+)", text.lower())
    return {re.sub(r"(\d{4}\.\d{4,5})v\d+", r"\1", one).rstrip("/.,;:") for one in found}


def _kept(client: Client, address: str, research: Research) -> str:
    return client.look_up("page", {"url": address}, lambda: {"text": _fetch(address, research)})["text"]


def _fetch(address: str, research: Research) -> str:
    import httpx2

    started = time.monotonic()
    with httpx2.Client(timeout=_SECONDS, headers={"User-Agent": "nightshift"}) as http:
        for _ in range(_REDIRECTS + 1):
            check_address(address, research)
            with http.stream("GET", address) as response:
                if response.is_redirect:
                    address = urljoin(address, response.headers.get("location", ""))
                    continue
                if response.status_code != 200:
                    raise PageRefusedError(f"{address} answers {response.status_code}")
                sort = response.headers.get("content-type", "text/plain").lower()
                if not any(word in sort for word in _READABLE):
                    raise PageRefusedError(f"{address} is no text but {sort}; for a paper take its abstract")
                return _body(response, address, started)
    raise PageRefusedError(f"{address}: too many redirections")


def _body(response: Any, address: str, started: float) -> str:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if time.monotonic() - started > _SECONDS:  # the client's own limit is one of silence
            raise PageRefusedError(f"{address} took longer than {_SECONDS:g} seconds")
        if len(body) > _LARGEST:
            raise PageRefusedError(f"{address} is larger than {_LARGEST:,} bytes")
    return body.decode(response.encoding or "utf-8", errors="replace")


def check_address(address: str, research: Research) -> None:
    """Refuse what is not allowed: other schemes, other hosts, and with '*' whatever is not public.

    Raises
    ------
    PageRefusedError
        Naming what is allowed.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PageRefusedError(f"{address!r} is no http address")
    if parts.netloc in (*research.hosts, urlsplit(research.arxiv or _ARXIV).netloc) or parts.hostname in research.hosts:
        return
    if "*" not in research.hosts:
        allowed = ", ".join(research.hosts)
        raise PageRefusedError(f"{parts.hostname} is not allowed; agent.research.hosts allows {allowed}")
    try:
        found = {info[4][0] for info in socket.getaddrinfo(parts.hostname, None)}
    except OSError as error:
        raise PageRefusedError(f"{parts.hostname} is not found: {error}") from None
    if not all(ipaddress.ip_address(one).is_global for one in found):
        raise PageRefusedError(f"{parts.hostname} is not a public host")


def _papers(feed: str, longest: int) -> str:
    try:
        entries = ElementTree.fromstring(feed).findall(f"{_ATOM}entry")
    except ElementTree.ParseError:
        raise PageRefusedError("arXiv's answer is not readable") from None
    told = []
    for entry in entries:
        title, summary, address, date = (_text(entry, name) for name in ("title", "summary", "id", "published"))
        authors = [_text(author, "name") for author in entry.findall(f"{_ATOM}author")]
        who = f"{authors[0]} et al." if len(authors) > 2 else " and ".join(authors)
        told.append(f"{title} ({who}, {date[:10]}) {address}\n{summary[:longest]}")
    return "\n\n".join(told) or "nothing was found"


def _text(entry: ElementTree.Element, name: str) -> str:
    return " ".join((entry.findtext(f"{_ATOM}{name}") or "").split())


def text_of(page: str) -> str:
    """The words of an HTML page."""
    reader = _Words()
    reader.feed(page)
    lines = (" ".join(line.split()) for line in "".join(reader.found).splitlines())
    return "\n".join(line for line in lines if line)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.skipping += tag in _SKIPPED
        if tag in _BREAKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self.skipping = max(0, self.skipping - 1)

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.found.append(data)
