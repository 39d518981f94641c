"""syncd as a program among programs: pipes, terminals, signals, other folders."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.config import load
from tests.cli.conftest import World

SYNCD = [sys.executable, "-m", "syncd"]


def environment(world: World, **variables: str) -> dict[str, str]:
    """Return the environment of a program that is to find the world."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD")}
    return {**kept, **world.environ, **variables}


def run(
    world: World, *words: str, folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run syncd as a program whose output nobody looks at."""
    return subprocess.run(
        [*SYNCD, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        cwd=folder,
        env=environment(world, **variables),
    )


def on_terminal(world: World, *words: str, typed: str = "", **variables: str) -> str:
    """Run syncd on a terminal of its own, where a person types, and return what the person sees."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    process = subprocess.Popen(
        [*SYNCD, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(world, TERM="xterm", **variables),
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:  # the terminal is gone when the program is
        pass
    finally:
        os.close(ours)
    assert process.wait(60) in (0, 1)
    return seen.decode()


def test_a_pipe_gets_plain_text_and_one_document(world: World, tmp_path: Path) -> None:
    done = run(world, "sync", "--json", folder=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["connections"]["crm"]["pulled"] == 3
    plain = run(world, "sync", folder=tmp_path)
    assert "\x1b" not in plain.stdout + plain.stderr
    assert "Pulling" not in plain.stderr


def test_a_terminal_gets_a_bar_and_a_framed_table(world: World) -> None:
    seen = on_terminal(world, "sync")
    assert "\x1b[" in seen
    assert "─" in seen
    assert "\x1b[" in on_terminal(world, "status")
    assert "\x1b[3" not in on_terminal(world, "status", NO_COLOR="1")


def test_init_asks_vendor_by_vendor_and_for_no_secret(world: World, tmp_path: Path) -> None:
    typed = "y\nmain\nhttps://crm.example.net\nenv:MAIN_TOKEN\nn\nn\nn\n"
    path = tmp_path / "asked.toml"
    seen = on_terminal(world, "init", str(path), typed=typed)
    assert "Perfex CRM" in seen
    settings = load(path, {"MAIN_TOKEN": "t"})
    assert list(settings.connections) == ["main"]
    assert settings.connections["main"].base_url == "https://crm.example.net"
    assert "# [connections.shop]" in path.read_text()


def test_init_asks_again_for_what_would_not_do(world: World, tmp_path: Path) -> None:
    again = ["y", "my shop!", "main", "https://crm.example.net", "literally-secret", "env:MAIN_TOKEN"]
    typed = [*again, "y", "main", "till", "myshop", "", "", "n", "n"]
    path = tmp_path / "asked.toml"
    seen = on_terminal(world, "init", str(path), typed="\n".join([*typed, ""]))
    assert "Use letters, digits" in seen
    assert "main is another account's name already" in seen
    assert "Never the secret itself" in seen
    assert "Next: set MAIN_TOKEN, then" in seen
    assert "literally-secret" not in path.read_text()
    assert list(load(path, {"MAIN_TOKEN": "t", "KV_ID": "i", "KV_SECRET": "s"}).connections) == [
        "main",
        "till",
    ]


def test_relative_names_work_from_any_folder(world: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    text = Path(world.environ["SYNCD_CONFIG"]).read_text().replace("../var", "var")
    (tmp_path / "mine.toml").write_text(text)
    variables = {"SYNCD_CONFIG": "", "SYNCD__STORE__URL": "sqlite:///here.db"}
    done = run(world, "migrate", "-c", "../mine.toml", folder=tmp_path / "elsewhere", **variables)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here.db").is_file()


def test_a_reader_that_leaves_early_is_no_error(world: World) -> None:
    world.ask("sync")
    line = shlex.join([*SYNCD, "customers", "list", "--json-lines"]) + " | head -c 1"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60, env=environment(world)
    )
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


def test_secrets_are_not_on_the_command_line_of_anybody(world: World) -> None:
    assert not [secret for secret in world.sandbox.secrets().values() if secret in shlex.join(SYNCD)]
    done = run(world, "sync", "--json", SYNCD__LOG__LEVEL="debug")
    assert not [secret for secret in world.sandbox.secrets().values() if secret in done.stdout + done.stderr]


def test_the_simulators_alone(world: World) -> None:
    words = [*SYNCD, "sandbox", "--any-port", "--empty", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment(world)) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            done = run(world, "check", "--json", **told["environment"])
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert done.returncode == 0, done.stdout
    assert set(told["urls"]) == {"perfex", "kiotviet", "omniwallet", "pexip_engage"}


@pytest.mark.parametrize("switch", ["perfex.versio=2.0", "perfx.version=2.0", "nonsense"])
def test_a_switch_that_does_not_exist(world: World, switch: str) -> None:
    done = run(world, "sandbox", "--any-port", "--switch", switch)
    assert done.returncode == 2
    assert "--switch" in done.stderr


def test_the_demonstration_does_what_its_world_calls_for(world: World, tmp_path: Path) -> None:
    done = run(world, "demo", "--no-serve", "--json", "--data", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["shortcomings"] == []
    assert all(figures["created"] for figures in told["first"]["connections"].values())
    again = run(world, "demo", "--no-serve", "--data", str(tmp_path / "demo"))
    assert again.returncode == 2


VENDORS = {"requests", "urllib3", "prometheus_client"}
LOGGED = {"structlog"}
SERVED = {"fastapi", "uvicorn", "apscheduler", "alembic"}


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [(["status"], VENDORS | LOGGED | SERVED), (["sync"], {"prometheus_client"} | LOGGED | SERVED)],
)
def test_a_command_loads_only_what_it_needs(world: World, words: list[str], unneeded: set[str]) -> None:
    for _ in range(3):
        world.type("sync", "--yes")
    code = (
        "import sys\nfrom syncd.cli import app\n"
        f"try:\n    app({words!r})\nexcept SystemExit as end:\n    assert end.code in (None, 0, 1)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment(world),
    )
    assert not unneeded & set(eval(done.stderr.splitlines()[-1]))
