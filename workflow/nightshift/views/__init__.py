"""Views: one file each. `VIEWS` maps a kind to its class."""

from nightshift.registry import Kinds
from nightshift.views.base import Block, Columns, RawData, Terms, View, load_block, save_block

VIEWS = Kinds(__name__, View)

__all__ = ["VIEWS", "Block", "Columns", "RawData", "Terms", "View", "load_block", "save_block"]
