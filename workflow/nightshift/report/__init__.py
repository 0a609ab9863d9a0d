"""The report: results/report.html, one self-contained page, and the pictures in results/plots."""

from nightshift.report.page import write_report

__all__ = ["write_report"]
