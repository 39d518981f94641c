"""Every error that syncd raises on purpose, as one tree; each says what the admin can do next.

    SyncdError
    ├── ConfigError            the configuration is wrong; lists every problem            exit 2
    ├── UsageError             the command or call asks for something that is not there   exit 2
    ├── StoreError             the store cannot be used as it is                          exit 1
    │   ├── StoreHeld          another syncd holds the store and does not answer          exit 5
    │   ├── StoreNewer         the store was written by a newer syncd                     exit 1
    │   ├── StoreReplaced      another store stands in the place of the opened one        exit 1
    │   └── LeaseLost          this process no longer holds the store                     exit 5
    ├── StaleChoice            somebody else decided first; look again                    exit 1
    └── VendorError            a vendor did not do what was asked
        ├── Unreachable        nothing was sent: refused, DNS, TLS                        exit 4
        ├── Refused            the credentials are not accepted                           exit 4
        ├── Forbidden          this one thing is not allowed
        ├── Throttled          too many requests; try again later
        ├── Missing            the vendor says that this record does not exist
        ├── AlreadyThere       the vendor says that this record exists already
        ├── Unsearchable       the vendor does not take this search; its listing tells
        ├── Rejected           the vendor refuses the content, field by field
        ├── Busy               refused for a moment, certainly not processed
        ├── Overdue            kept back here: it had waited too long to be sent
        ├── Unanswered         sent, and nobody knows whether it was processed
        └── Malformed          the reply is not what the vendor documents

Errors of libraries are translated once, where they enter, with the cause chained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class SyncdError(Exception):
    """An error raised on purpose: what happened, and the admin's next step."""

    exit_status = 1

    def __init__(self, what: str, next_step: str = "") -> None:
        self.what = what
        self.next_step = next_step
        super().__init__(what)

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration: where it is and what to write instead."""

    where: str
    key: str
    what: str
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.what}" + (f" {self.instead}" if self.instead else "")


class ConfigError(SyncdError):
    """The configuration cannot be used; every problem is listed, not only the first."""

    exit_status = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(SyncdError):
    """The command or call asks for something that does not exist or cannot be done."""

    exit_status = 2


class StoreError(SyncdError):
    """The store cannot be used as it is."""


class StoreHeld(StoreError):
    """Another syncd holds the store and does not answer."""

    exit_status = 5


class StoreNewer(StoreError):
    """The store was written by a newer syncd than this one."""


class StoreReplaced(StoreError):
    """Another store stands under the name of the one that was opened."""


class LeaseLost(StoreError):
    """This process held the store, but another one has taken it over."""

    exit_status = 5


class StaleChoice(SyncdError):
    """What was to be decided has changed since it was shown."""


class VendorError(SyncdError):
    """A vendor did not do what was asked.

    `status` is the HTTP status when there was an answer; `words` are the vendor's own, without customer data
    beyond what the vendor itself put into its message.
    """

    def __init__(self, what: str, next_step: str = "", *, status: int | None = None, words: str = "") -> None:
        super().__init__(what, next_step)
        self.status = status
        self.words = words


class Unreachable(VendorError):
    """Nothing was sent: connection refused, name not found, TLS not trusted."""

    exit_status = 4


class Refused(VendorError):
    """The vendor does not accept the credentials, so the whole connection pauses."""

    exit_status = 4


class Forbidden(VendorError):
    """The vendor does not allow this one thing; others may work."""


class Throttled(VendorError):
    """The vendor asks for fewer requests; `wait` is in seconds, None where the vendor does not say."""

    def __init__(
        self,
        what: str,
        next_step: str = "",
        *,
        wait: float | None = None,
        status: int | None = 429,
        words: str = "",
    ) -> None:
        super().__init__(what, next_step, status=status, words=words)
        self.wait = wait


class Missing(VendorError):
    """The vendor says, in the words it has for that, that this record does not exist."""


class AlreadyThere(VendorError):
    """A create found that the vendor has such a record already."""


class Unsearchable(VendorError):
    """The vendor does not take this search, so only its listing can tell."""


class Rejected(VendorError):
    """The vendor refuses the content; `fields` maps its own field names to its own words."""

    def __init__(
        self,
        what: str,
        next_step: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        status: int | None = None,
        words: str = "",
    ) -> None:
        super().__init__(what, next_step, status=status, words=words)
        self.fields = dict(fields or {})


class Busy(VendorError):
    """The vendor refused for a moment and certainly did not process the request."""


class Overdue(VendorError):
    """The request waited so long for its turn that it was not sent any more."""


class Unanswered(VendorError):
    """The request left this machine and nobody knows whether it was processed."""


class Malformed(VendorError):
    """The reply is not what the vendor documents: HTML, cut short, wrong type, wrong shape."""
