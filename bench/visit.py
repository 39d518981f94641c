"""How long the admin's pages take on a store: `python -m bench.visit CONFIG`, milliseconds a page on standard output.

`syncd serve` runs as a user runs it; the visitor chooses a password by the link that a first start prints.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from urllib.parse import urlsplit

import requests

from bench.installed import SECRETS
from bench.measure import ROOT

PASSWORD = "violet tram over seven lakes"
LOOKS = 7
PAGES = {
    "home": "/",
    "customers": "/customers",
    "held": "/customers?show=held",
    "by e-mail": "/customers?q=khach.0000",
    "by phone": "/customers?q=0912",
    "by name": "/customers?q=nguyen+van",
    "by id": "/customers?q=10000",
    "reviews": "/reviews",
    "runs": "/runs",
}


def main(config: str) -> dict[str, float]:
    """Return the median of each page."""
    with served(config) as (base, visitor):
        found = {name: looked(visitor, base + path) for name, path in PAGES.items()}
        some = re.search(r'href="(/customers/[^"?]+)"', visitor.get(f"{base}/customers", timeout=60).text)
        if some:
            found["one customer"] = looked(visitor, base + some[1])
    return found


def looked(visitor: requests.Session, address: str) -> float:
    """Return the milliseconds that a page takes; the first look is not counted."""
    took = []
    for _ in range(LOOKS + 1):
        began = time.perf_counter()
        answer = visitor.get(address, timeout=60, allow_redirects=False)
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered with {answer.status_code}.")
    return median(took[1:])


@contextmanager
def served(config: str) -> Iterator[tuple[str, requests.Session]]:
    """Serve, log in, and yield the address and the browser."""
    command = [sys.executable, "-m", "syncd", "-c", config, "serve", "--port", "0"]
    environ = {**os.environ, **SECRETS}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as daemon:
        assert daemon.stdout is not None
        try:
            link = _link(daemon.stdout)
            place = urlsplit(link)
            base = f"{place.scheme}://{place.netloc}"
            visitor = requests.Session()
            visitor.trust_env = False
            visitor.headers["Sec-Fetch-Site"] = "same-origin"
            form = {"token": place.query.removeprefix("token="), "password": PASSWORD}
            visitor.post(f"{base}/setup", data=form, timeout=60, allow_redirects=False).raise_for_status()
            yield base, visitor
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=60)


def _link(lines: Iterator[str]) -> str:
    said = []
    for line in lines:
        said.append(line)
        if found := re.search(r"http://\S+/setup\?token=[\w-]+", line):
            return found[0]
    raise RuntimeError(f"The daemon ended without a link:\n{''.join(said)}")


if __name__ == "__main__":
    json.dump(main(sys.argv[1]), sys.stdout)
    sys.stdout.write("\n")
