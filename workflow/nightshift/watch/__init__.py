"""The live view of a night: what `nightshift watch` shows, and the lines that a night itself prints."""
