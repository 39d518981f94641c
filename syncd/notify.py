"""The only outgoing calls that are not to vendors: alerts by e-mail and webhook, and the dead-man's ping.

An alert goes out when something first goes wrong and when it has recovered, not in between. It names connections
and counts, never a customer. An alert that cannot be delivered is logged and never stops a run.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests

from syncd.config import Alerts, Secret
from syncd.logs import Logger

LOG = Logger(__name__)
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong: what it is about, what to say of it, and the admin's next step."""

    about: str
    what: str
    next_step: str = ""


class Notifier:
    """Tells whoever the settings name of what went wrong and what has recovered."""

    def __init__(self, alerts: Alerts, page: str) -> None:
        self._alerts = alerts
        self._page = page
        self._known: dict[str, Alarm] = {}

    def tell(self, alarms: Sequence[Alarm], run: str) -> None:
        """Tell what is wrong that was not before, and what is no longer."""
        now = {alarm.about: alarm for alarm in alarms}
        first = [alarm for about, alarm in now.items() if about not in self._known]
        recovered = [alarm for about, alarm in self._known.items() if about not in now]
        self._known = now
        if first or recovered:
            self._send(first, recovered, run)

    def ping(self) -> None:
        """Ask the dead-man's address, whose silence is the alarm."""
        if self._alerts.ping is None:
            return
        try:
            _session().get(
                self._alerts.ping.reveal(), timeout=TIMEOUT, allow_redirects=False
            ).raise_for_status()
        except requests.RequestException as error:
            LOG.warning("The dead-man's address does not answer", reason=type(error).__name__)

    def _send(self, first: Sequence[Alarm], recovered: Sequence[Alarm], run: str) -> None:
        if self._alerts.webhook is not None:
            self._post(self._alerts.webhook, first, recovered, run)
        if self._alerts.smtp is not None and self._alerts.to:
            self._mail(self._alerts.smtp, first, recovered, run)

    def _post(self, webhook: Secret, first: Sequence[Alarm], recovered: Sequence[Alarm], run: str) -> None:
        body = {
            "run": run,
            "page": self._page,
            "wrong": [{"about": one.about, "what": one.what, "next_step": one.next_step} for one in first],
            "recovered": [{"about": one.about} for one in recovered],
        }
        try:
            _session().post(
                webhook.reveal(), json=body, timeout=TIMEOUT, allow_redirects=False
            ).raise_for_status()
        except requests.RequestException as error:
            LOG.warning("The alert's webhook does not take it", reason=type(error).__name__)

    def _mail(self, server: Secret, first: Sequence[Alarm], recovered: Sequence[Alarm], run: str) -> None:
        letter = EmailMessage()
        letter["From"] = self._alerts.sender or self._alerts.to[0]
        letter["To"] = ", ".join(self._alerts.to)
        letter["Subject"] = subject(first, recovered)
        letter.set_content(text(first, recovered, run, self._page))
        try:
            deliver(letter, server.reveal())
        except (OSError, smtplib.SMTPException) as error:
            LOG.warning("The alert's mail server does not take it", reason=type(error).__name__)


def subject(first: Sequence[Alarm], recovered: Sequence[Alarm]) -> str:
    """Return an alert's first line."""
    if not first:
        return f"syncd: {', '.join(one.about for one in recovered)} recovered"
    return f"syncd: {first[0].what}" + (f" (and {len(first) - 1} more)" if len(first) > 1 else "")


def text(first: Sequence[Alarm], recovered: Sequence[Alarm], run: str, page: str) -> str:
    """Return an alert in words."""
    lines = [f"{one.what} {one.next_step}".strip() for one in first]
    lines += [f"Recovered: {one.about}." for one in recovered]
    return "\n".join([*lines, "", f"Found by {run}." + (f" {page}" if page else ""), ""])


def deliver(letter: EmailMessage, address: str) -> None:
    """Hand a letter to the mail server at smtp:// or smtps://user:password@host:port."""
    server = urlsplit(address)
    host = server.hostname or "localhost"
    if server.scheme == "smtps":
        with smtplib.SMTP_SSL(
            host, server.port or 465, timeout=TIMEOUT, context=ssl.create_default_context()
        ) as post:
            _hand_over(post, letter, server.username, server.password)
        return
    with smtplib.SMTP(host, server.port or 25, timeout=TIMEOUT) as post:
        if server.username:
            # a password goes over the wire encrypted or not at all
            post.starttls(context=ssl.create_default_context())
        _hand_over(post, letter, server.username, server.password)


def _hand_over(post: smtplib.SMTP, letter: EmailMessage, user: str | None, password: str | None) -> None:
    if user:
        post.login(unquote(user), unquote(password or ""))
    post.send_message(letter)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
