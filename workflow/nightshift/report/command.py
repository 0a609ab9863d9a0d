"""`nightshift report`: the page on demand, in the middle of a night too."""

from __future__ import annotations

from pathlib import Path

from nightshift.config import parse_config
from nightshift.errors import NightshiftError
from nightshift.files import read_json
from nightshift.ledger import ledger_rows
from nightshift.report.gather import Facts, champion_of
from nightshift.report.page import write_report
from nightshift.yamlfile import read_yaml

_CONFIG = "config/config.yaml"


def report_now(root: Path, target: Path, quick: bool = False) -> Facts:
    """Write the page from whatever is there.

    A new champion is diagnosed for this page alone: files that rules make are left to them.

    Parameters
    ----------
    root : the project, which is the working directory
    target : where to write the page
    quick : leave the diagnosis of a new champion out

    Raises
    ------
    NightshiftError
        When no experiment is finished yet.
    """
    config = parse_config(read_yaml(root / _CONFIG), _CONFIG)
    rows = ledger_rows(root)
    if not rows:
        raise NightshiftError("no experiment is finished here yet: `snakemake --cores all` starts a night")
    champion = champion_of(rows, root)
    kept = root / "results/diagnosis.json"
    known = kept.exists() and read_json(kept)["champion"] == champion
    diagnosis = None
    if champion and not known and not quick:
        from nightshift.report.diagnosis import diagnose

        diagnosis = diagnose(champion, config.search.seed)
    return write_report(target, config, root, diagnosis)
