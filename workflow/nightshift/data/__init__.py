"""From the user's files to checked cases and turns."""
