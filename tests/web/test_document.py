"""The API against its own document: whatever is sent, no server error and no answer that the document does not know.

More cases: SYNCD_TEST_API_CASES=200 makes more than five thousand for each visitor, and prints how many.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.conftest import Page

CASES = os.environ.get("SYNCD_TEST_API_CASES", "5")
TIMEOUT = 300 + 30 * int(CASES)  # seconds, for a machine that has much else to do
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


@pytest.mark.timeout(TIMEOUT + 60)
@pytest.mark.parametrize("who", ["anonymous", "mai"])
def test_the_api_keeps_to_its_document(
    page: Page, tmp_path: Path, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _changes(page)
    identity = [] if who == "anonymous" else ["--header", f"Authorization: Bearer {page.token(who)}"]
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", page.base + "/api/v1/openapi.json",
        "--max-examples", CASES, "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS),
        "--suppress-health-check", "all", "--generation-deterministic", "--no-color", *identity,
    ]  # fmt: skip
    tried = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr[-2000:]
    generated = re.search(r"(\d[\d,]*) generated", tried.stdout)
    assert generated, tried.stdout
    assert int(generated.group(1).replace(",", "")) > 100, tried.stdout
    if "SYNCD_TEST_API_CASES" in os.environ:
        with capsys.disabled():
            print(f"\n{who}: {generated.group()}, none against the document")
    assert _changes(page) == before, "whoever may not act has changed something"


def _changes(page: Page) -> tuple[int, int, int]:
    """Return how much anybody has asked for and done."""
    with page.app.store.look() as tx:
        deeds = [deed for deed in tx.audit.list(limit=1000) if deed.action != "made an API token"]
        return len(tx.runs.list(limit=1000)), len(deeds), len(tx.decisions.list(limit=1000))
