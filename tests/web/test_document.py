"""The API against its own document: whatever is sent, no server error and no answer that the document does not know.

The long form makes more than five thousand cases for each visitor, and prints how many.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.conftest import Page

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
VISITORS = ("anonymous", "mai", "admin")
MAY_ACT = "admin"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", VISITORS)
def test_the_api_keeps_to_its_document(page: Page, tmp_path: Path, who: str) -> None:
    assert _tried(page, tmp_path, who, "examples,fuzzing", examples=3, seconds=480) > 50


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("who", VISITORS)
def test_the_api_keeps_to_its_document_in_thousands_of_cases(
    page: Page, tmp_path: Path, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = _tried(page, tmp_path, who, "examples,coverage,fuzzing", examples=200, seconds=7000)
    assert cases >= 5000
    with capsys.disabled():
        print(f"\n{who}: {cases} cases, none against the document")


def _tried(page: Page, folder: Path, who: str, phases: str, *, examples: int, seconds: float) -> int:
    """Send what schemathesis thinks of, and return how many cases that were; only an admin changes anything."""
    before = _changes(page)
    identity = [] if who == "anonymous" else ["--header", f"Authorization: Bearer {page.token(who)}"]
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", page.base + "/api/v1/openapi.json",
        "--max-examples", str(examples), "--phases", phases, "--checks", ",".join(CHECKS),
        "--suppress-health-check", "all", "--generation-deterministic", "--no-color", *identity,
    ]  # fmt: skip
    tried = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    assert tried.returncode == 0, tried.stdout + tried.stderr[-2000:]
    assert who == MAY_ACT or _changes(page) == before, "whoever may not act has changed something"
    generated = re.search(r"(\d[\d,]*) generated", tried.stdout)
    assert generated, tried.stdout
    return int(generated.group(1).replace(",", ""))


def _changes(page: Page) -> tuple[int, int, int]:
    """Return how much anybody has asked for and done."""
    with page.app.store.look() as tx:
        deeds = [deed for deed in tx.audit.list(limit=1000) if deed.action != "made an API token"]
        return len(tx.runs.list(limit=1000)), len(deeds), len(tx.decisions.list(limit=1000))
