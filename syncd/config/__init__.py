"""TOML and environment become frozen settings; whatever is wrong is reported together, before anything else happens.

`load` is the only door. A flag outranks the environment, the environment the file, the file the default, and
`Settings.sources` remembers which of them spoke. Secrets stand in the file as references only.
"""

from syncd.config.connections import VENDORS, ConnectionSettings
from syncd.config.load import load
from syncd.config.places import find_file
from syncd.config.schedule import Schedule
from syncd.config.secret import Secret
from syncd.config.section import FIELDS, UNITS
from syncd.config.settings import (
    Alerts,
    Daemon,
    FieldPolicy,
    Identity,
    Limit,
    Log,
    Safety,
    Settings,
    Store,
    Web,
)

__all__ = [
    "FIELDS",
    "UNITS",
    "VENDORS",
    "Alerts",
    "ConnectionSettings",
    "Daemon",
    "FieldPolicy",
    "Identity",
    "Limit",
    "Log",
    "Safety",
    "Schedule",
    "Secret",
    "Settings",
    "Store",
    "Web",
    "find_file",
    "load",
]
