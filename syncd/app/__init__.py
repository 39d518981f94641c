"""The composition root: from settings to everything that works together, and the ways in for page, API and command line."""

from syncd.app.app import App, utc_now
from syncd.app.reports import as_plain, report_of
from syncd.app.scene import make_scene

__all__ = ["App", "as_plain", "make_scene", "report_of", "utc_now"]
