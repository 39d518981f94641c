"""Planting: how a fault gets into syncd for one run of the laws.

It is planted in the source of one function before anything imports it, so that every user of the function gets the
wrong one: `pytest -p tests.laws.planting` plants the fault that `SYNCD_TEST_PLANTED` names, in that process only.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import hypothesis

from tests.laws.planted import FAULTS, Planted

MOST_EXAMPLES = 300  # of each law, to catch a fault


class NotThere(Exception):
    """A fault can no longer be planted: its place has changed, and the list has to follow."""


def plant(name: str) -> None:
    """Have every import from now on get a module with a fault in it. Raises NotThere where it was imported before."""
    fault = next(fault for fault in FAULTS if fault.name == name)
    module = fault.place.partition(":")[0]
    if module in sys.modules:
        raise NotThere(f"{module} was imported before the fault could be planted.")
    sys.meta_path.insert(0, _Finder(module, fault))


class _Finder(MetaPathFinder):
    """Finds the one module that is to be wrong."""

    def __init__(self, module: str, fault: Planted) -> None:
        self.module, self.fault = module, fault

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == self.module else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self.fault)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module with a fault in it, without a trace in the cache of compiled files."""

    def __init__(self, fullname: str, path: str, fault: Planted) -> None:
        super().__init__(fullname, path)
        self.fault = fault

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        planted_in(tree, self.fault)
        return compile(ast.fix_missing_locations(tree), path, "exec")


def planted_in(tree: ast.Module, fault: Planted) -> None:
    """Plant a fault in a module's tree. Raises NotThere."""
    function = _function(tree, fault.place.partition(":")[2].split("."), fault)
    if not fault.old:
        function.body = ast.parse(fault.new).body if fault.new == "pass" else _body(fault.new)
        return
    text = ast.unparse(function)
    if text.count(fault.old) != 1:
        raise NotThere(f"{fault.place} has {fault.old!r} {text.count(fault.old)} times.")
    changed = ast.parse(text.replace(fault.old, fault.new)).body[0]
    assert isinstance(changed, ast.FunctionDef)
    function.body = changed.body


def _body(text: str) -> list[ast.stmt]:
    """Return statements as they stand in a function, where alone `return` is allowed."""
    wrapped = ast.parse(f"def wrapped():\n    {text}").body[0]
    assert isinstance(wrapped, ast.FunctionDef)
    return wrapped.body


def _function(tree: Any, path: Sequence[str], fault: Planted) -> ast.FunctionDef:
    for name in path:
        found = [each for each in tree.body if getattr(each, "name", "") == name]
        if not found:
            raise NotThere(f"There is no {fault.place}.")
        tree = found[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def pytest_sessionstart() -> None:
    """Look for a failure and not for the least one, with the same examples each time."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "planted", deadline=None, max_examples=MOST_EXAMPLES, derandomize=True, phases=phases, database=None
    )
    hypothesis.settings.load_profile("planted")


if os.environ.get("SYNCD_TEST_PLANTED"):
    plant(os.environ["SYNCD_TEST_PLANTED"])
