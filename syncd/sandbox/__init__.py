"""The four vendors on 127.0.0.1, written from the vendors' documents and knowing nothing of syncd.

They refuse what the vendors refuse and do the damage that the vendors do; where the documents leave something open
or contradict each other there is a switch. `Sandbox.demo().serve()` is what `syncd sandbox` and `syncd demo` run.
"""

from syncd.sandbox.faults import Dropped, Fault, Faults, TimedOut
from syncd.sandbox.four import RunningSandbox, Sandbox, apply_switch
from syncd.sandbox.kiotviet import KiotViet, KiotVietSwitches
from syncd.sandbox.ledger import Entry, Ledger
from syncd.sandbox.omniwallet import Omniwallet, OmniwalletSwitches
from syncd.sandbox.perfex import Perfex, PerfexSwitches
from syncd.sandbox.pexip_engage import PexipEngage, PexipEngageSwitches
from syncd.sandbox.vendor import Vendor
from syncd.sandbox.webhooks import Delivery

__all__ = [
    "Delivery",
    "Dropped",
    "Entry",
    "Fault",
    "Faults",
    "KiotViet",
    "KiotVietSwitches",
    "Ledger",
    "Omniwallet",
    "OmniwalletSwitches",
    "Perfex",
    "PerfexSwitches",
    "PexipEngage",
    "PexipEngageSwitches",
    "RunningSandbox",
    "Sandbox",
    "TimedOut",
    "Vendor",
    "apply_switch",
]
