"""A real browser for the report. Helpers of the unit tests make its night."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    """Headless chromium; skipped where none is installed (`make setup-browser` installs it).

    It ends with its module: its processes come and go, and other tests look at what children they left.
    """
    found = os.environ.get("NIGHTSHIFT_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no chromium is installed: make setup-browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make setup-test")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=found, args=_QUIET)
        yield launched
        launched.close()
