"""What every connector declares of itself, as the tables of docs/vendors.md.

A table that is typed by hand says after a while what somebody once meant. These are read off the connectors as a
connection with nothing but its required settings has them: `python -m syncd.vendors.declared docs/vendors.md` puts
them between the page's marks, and a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from syncd.customer import OWNED
from syncd.values import FieldSpec
from syncd.vendors import VENDORS, connect
from syncd.vendors.base import Abilities, Connector, Vendor, VendorSettings
from syncd.vendors.budget import Allowance, Ration

NO = "–"
LONGEST_CHOICES = 12  # more are counted, not listed
_WRITTEN = {
    "always": "yes",
    "create": "when it creates",
    "update": "only in an update",
    "never": "no",
}

Row = Sequence[str]
Line = Callable[[Abilities], str]


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or NO


def _yes(answer: bool) -> str:
    return "yes" if answer else NO


def _update(can: Abilities) -> str:
    if not can.updates:
        return NO
    return "the whole record, read just before" if can.replaces else "the changed fields"


OPERATIONS: Mapping[str, Line] = {
    "list everybody": lambda can: f"{can.page_size} a page" if can.page_size else "in one answer",
    "list what changed since": lambda can: _yes(can.incremental),
    "listing tells of deleted records": lambda can: _yes(can.reports_removed),
    "look one up by": lambda can: _named(sorted(can.finds)),
    "create": lambda can: _yes(can.creates),
    "update": _update,
    "delete": lambda can: _yes(can.deletes),
    "archive": lambda can: _yes(can.archives),
    "the answer to a write shows the record": lambda can: _yes(can.answers),
    "id of a record": lambda can: f"its {_named([can.keyed_by])}" if can.keyed_by else "the vendor's own",
    "no two records share": lambda can: _named(sorted(can.unique)),
    "requests under way at once": lambda can: str(can.concurrency),
}


# --- a connector with only what it needs ----------------------------------------------------------


def settings_of(vendor: Vendor) -> VendorSettings:
    """Return the least that a connection to a vendor can be configured with; nothing is ever sent by it."""
    needed = {name: _placeholder(name) for name, (_, default, _) in vendor.options.items() if default is ...}
    secrets = dict.fromkeys(vendor.secrets, "not-a-secret")
    return VendorSettings(vendor.name, vendor.name, "https://vendor.example", options=needed, secrets=secrets)


def _placeholder(name: str) -> str:
    return "https://vendor.example/token" if name.endswith("_url") else "acme"


def connectors() -> Mapping[str, Connector]:
    """Return a connector of every vendor, by its title."""
    return {
        vendor.title: connect(settings_of(vendor), clock=lambda: datetime.now(UTC))
        for vendor in VENDORS.values()
    }


# --- tables ---------------------------------------------------------------------------------------


def operations() -> str:
    """Return the table of operations by vendor."""
    made = connectors()
    rows = [(what, *(line(each.abilities) for each in made.values())) for what, line in OPERATIONS.items()]
    rows.insert(5, ("a create demands", *(_demanded(each) for each in made.values())))
    rows.append(("allowance that is kept to", *(_allowed(vendor) for vendor in VENDORS.values())))
    return _table(("", *made), rows)


def _demanded(connector: Connector) -> str:
    required = [f"`{name}`" for name, spec in connector.fields.items() if spec.required]
    either = [f"one of {_named(group)}" for group in connector.abilities.demands]
    return ", ".join([*required, *either]) or "nothing"


def _allowed(vendor: Vendor) -> str:
    ration = vendor.ration(settings_of(vendor)) if vendor.ration else Ration("")
    return "; ".join(map(_allowance, ration.allowances)) or "as its rate headers say, if it sends any"


def _allowance(allowance: Allowance) -> str:
    kinds = "requests" if len(allowance.kinds) > 1 else f"{next(iter(allowance.kinds))}s"
    return f"{allowance.requests:,} {kinds} in {allowance.seconds:,.0f} s"


def fields_of(vendor: str) -> str:
    """Return the table of one vendor's fields."""
    connector = connect(settings_of(VENDORS[vendor]), clock=lambda: datetime.now(UTC))
    return _table(
        ("field", "theirs", "written", "can be emptied", "maximum", "values", "only together with"),
        [_field(spec) for spec in connector.fields.values()],
    )


def _field(spec: FieldSpec) -> Row:
    together = spec.needs
    return (
        f"`{spec.name}`",
        f"`{spec.wire}`" if spec.wire else NO,
        _written(spec),
        _yes(spec.clearable and spec.writable != "never"),
        str(spec.maximum or NO),
        _choices(spec.choices),
        _named(together),
    )


def _written(spec: FieldSpec) -> str:
    conditions = [
        "with an owner" if spec.name in OWNED and spec.writable != "never" else "",
        "held at first" if spec.hold else "",
    ]
    return ", ".join(filter(None, (_WRITTEN[spec.writable], *conditions)))


def _choices(choices: frozenset[str] | None) -> str:
    if choices is None:
        return "any"
    return f"{len(choices)} codes" if len(choices) > LONGEST_CHOICES else _named(sorted(choices))


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# --- the page -------------------------------------------------------------------------------------


def tables() -> Mapping[str, str]:
    """Return every table by the mark under which it stands in the page."""
    return {"operations": operations(), **{f"fields {name}": fields_of(name) for name in VENDORS}}


def renewed(page: str) -> str:
    """Return the page with today's tables between its marks. Raises LookupError where a mark is missing."""
    for mark, table in tables().items():
        begin, end = f"<!-- declared: {mark} -->", "<!-- end -->"
        pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
        places = pattern.findall(page)
        if len(places) != 1:
            raise LookupError(f"The page has {len(places)} places for {mark!r}; it needs one.")
        page = pattern.sub(rf"\g<1>{table}\n\g<2>", page)
    return page


def main(paths: Sequence[str]) -> None:
    """Renew the tables of these pages."""
    for path in map(Path, paths):
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
