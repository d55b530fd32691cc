"""What may stand in the headers of a mail: one plain address, and a subject without control characters."""

from __future__ import annotations

import re
import unicodedata

from libraries.errors import InvalidInput

MAX_ADDRESS_CHARS = 254
MAX_LOCAL_PART_CHARS = 64
MAX_SUBJECT_CHARS = 200
MAX_SENDER_NAME_CHARS = 100
# RFC 1035, section 2.3.1: letters, digits and hyphens; the last label is no number, so that an IP address is not a domain.
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"(?:(?:{LABEL}\.)+(?![0-9]+$){LABEL}|localhost)", re.ASCII)
# Control characters, halves of surrogate pairs, line and paragraph separators.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


class BadRecipient(InvalidInput):
    """Raised when a recipient is not exactly one plain mail address."""

    code = "bad-recipient"


def check_address(address: str, *, field: str = "recipient") -> str:
    """Return `address` if it is one plain mail address such as `ann@example.com`.

    Plain means ASCII, a dot-atom before the `@`, a domain name (or `localhost`) after it, at most 254 characters. Lists, display
    names, quotes and line breaks are refused. A domain with other letters is written in its `xn--` form.

    Raises:
        BadRecipient: anything else.
    """
    if not isinstance(address, str) or len(address) > MAX_ADDRESS_CHARS:
        raise BadRecipient(
            f"an address is text of at most {MAX_ADDRESS_CHARS} characters", field=field
        )
    if any(mark in address for mark in ",;"):
        raise BadRecipient(
            "one address per recipient: send a list to reach several people", field=field
        )
    local, _, domain = address.rpartition("@")
    # RFC 5322, section 3.2.3: a dot-atom. Quoted local parts and comments are legal there, but no one's real address needs them.
    if (
        len(local) > MAX_LOCAL_PART_CHARS
        or not re.fullmatch(
            r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
            local,
            re.ASCII,
        )
        or not DOMAIN.fullmatch(domain)
    ):
        raise BadRecipient(
            "not a mail address: write it plainly, such as ann@example.com", field=field
        )
    return address


def check_subject(subject: str, *, field: str = "subject") -> str:
    """Return `subject` if it is one line of 1 to 200 characters that holds more than spaces.

    Raises:
        InvalidInput: anything else.
    """
    if not isinstance(subject, str) or not subject.strip() or len(subject) > MAX_SUBJECT_CHARS:
        raise InvalidInput(
            f"a subject is text of 1 to {MAX_SUBJECT_CHARS} characters",
            field=field,
            code="bad-subject",
        )
    if any(unicodedata.category(character) in UNPRINTABLE for character in subject):
        raise InvalidInput(
            "a subject is one line: no line breaks or control characters",
            field=field,
            code="bad-subject",
        )
    return subject


def check_name(name: str, *, field: str = "name") -> str:
    """Return `name` if it is one line of 1 to 100 characters that holds more than spaces.

    Raises:
        InvalidInput: anything else.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_SENDER_NAME_CHARS:
        raise InvalidInput(
            f"a name is text of 1 to {MAX_SENDER_NAME_CHARS} characters",
            field=field,
            code="bad-name",
        )
    if any(unicodedata.category(character) in UNPRINTABLE for character in name):
        raise InvalidInput(
            "a name is one line: no line breaks or control characters", field=field, code="bad-name"
        )
    return name
