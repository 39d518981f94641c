"""What failed in a run, the cause first: records that failed alike stand together, whatever values their answers name."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from syncd.store import Reading
from syncd.values import Operation

SOME = 24  # how many records of a cause are named
_LOOKED_AT = 10_000
# What an answer says of one record: quoted words, addresses, ids and numbers.
_OWN = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|\S+@\S+|\+?\d[\d .-]*\d|\d")


@dataclass(frozen=True, slots=True)
class Failure:
    """One operation that failed."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class FailedGroup:
    """Everything that failed for the same cause in one connection; `some` are the first of it."""

    connection: str
    cause: str
    count: int
    some: tuple[Failure, ...]


def failed_shown(tx: Reading, run: str) -> tuple[FailedGroup, ...]:
    """Return what failed in a run, the most frequent cause first."""
    found = tx.operations.list(run=run, states=("rejected", "unknown"), limit=_LOOKED_AT)
    labels = tx.customers.labels({one.draft.customer for one in found})
    groups: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for one in found:
        groups[one.draft.connection, cause_of(one.error)].append(one)
    shown = [
        FailedGroup(
            connection,
            # where all have one wording, that says more than the cause alone
            members[0].error if len({one.error for one in members}) == 1 else cause,
            len(members),
            tuple(
                Failure(one.id, labels.get(one.draft.customer) or one.draft.customer)
                for one in members[:SOME]
            ),
        )
        for (connection, cause), members in groups.items()
    ]
    return tuple(sorted(shown, key=lambda group: -group.count))


def cause_of(error: str) -> str:
    """Return what an answer says without what it says of one record alone."""
    return " ".join(_OWN.sub("…", error).split()) or "no reason was given"
