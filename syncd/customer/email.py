"""E-mail addresses: their clean form, and the form by which two people's are told to be one."""

from __future__ import annotations

import re

from syncd.customer.text import tidy

# An address that is valid beyond doubt; all others take the long way.
_SIMPLE_EMAIL = re.compile(
    r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_LONGEST_EMAIL = 254  # RFC 5321, erratum 1690


def clean_email(text: str) -> str:
    """Return an e-mail trimmed and lower-cased, its domain by UTS 46 where it is not ASCII."""
    text = tidy(text)
    if text.isascii() or "@" not in text:
        return text.lower()
    local, _, domain = text.rpartition("@")
    return f"{local.lower()}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain.lower()


def email_key(text: str) -> str:
    """Return the e-mail as evidence of identity, "" where it is not a valid address."""
    email = clean_email(text)
    if len(email) <= _LONGEST_EMAIL and _SIMPLE_EMAIL.fullmatch(email):
        return email
    return _checked_email(email) if "@" in email else ""


def _checked_email(email: str) -> str:
    import email_validator

    try:
        parts = email_validator.validate_email(email, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError:
        return ""
    return clean_email(parts.normalized)
