"""Views: one file each. `VIEWS` maps a kind to its class."""

import sys

from nightshift.registry import kinds_in
from nightshift.views.base import Block, Columns, RawData, Terms, View, load_block, save_block

VIEWS: dict[str, type[View]] = kinds_in(sys.modules[__name__], View)

__all__ = ["VIEWS", "Block", "Columns", "RawData", "Terms", "View", "load_block", "save_block"]
