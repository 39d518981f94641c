"""The daemon: the clock, the lease, the drain. The clock asks for runs, the hands execute them, the page looks on.

The main thread keeps the lease and does nothing that can take long; `serve` is the only door.
"""

from syncd.daemon.serving import MakesWeb, serve

__all__ = ["MakesWeb", "serve"]
