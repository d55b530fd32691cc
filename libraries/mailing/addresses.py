"""Validation of email addresses and header lines."""

from __future__ import annotations

import re

from libraries.characters import Characters
from libraries.errors import InvalidInput
from libraries.json_types import described, keywords_of

MAX_ADDRESS_CHARS = 254
MAX_LOCAL_PART_CHARS = 64
MAX_SUBJECT_CHARS = 200
MAX_SENDER_NAME_CHARS = 100
# RFC 1035, section 2.3.1: letters, digits and hyphens. The last label is not a number, so that an IP
# address is not a domain.
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"(?:(?:{LABEL}\.)+(?![0-9]+$){LABEL}|localhost)", re.ASCII)
# RFC 5322, section 3.2.3. Quoted local parts and comments are legal, but not in practical use.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"


@described(pattern=rf"^{ATOM}(?:\.{ATOM})*@{DOMAIN.pattern}$")
def check_address(address: str, *, field: str = "recipient") -> str:
    """Return `address` if it is a plain email address such as `ann@example.com`, or raise InvalidInput.

    Plain means ASCII, a dot-atom before the `@`, a domain name (or `localhost`) after it, and at
    most 254 characters: no lists, display names or quotes. International domains use `xn--`.
    """
    problem = ""
    if not isinstance(address, str) or len(address) > MAX_ADDRESS_CHARS:
        problem = f"expected an address of at most {MAX_ADDRESS_CHARS} characters"
    elif "," in address or ";" in address:
        problem = "expected one address; use a list for several recipients"
    elif not _is_plain_address(address):
        problem = "not an email address: expected the form ann@example.com"
    if problem:
        raise InvalidInput(problem, field=field, code="bad-recipient")
    return address


def _is_plain_address(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return (
        len(local) <= MAX_LOCAL_PART_CHARS
        and re.fullmatch(rf"{ATOM}(?:\.{ATOM})*", local) is not None
        and DOMAIN.fullmatch(domain) is not None
    )


@described(pattern=r"^[^X]*[^X\s][^X]*$".replace("X", Characters.NOT_IN_LINE))
def _check_line(text: object, what: str, longest: int, field: str) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > longest:
        problem = f"expected a {what} of 1 to {longest} characters"
    elif re.search(f"[{Characters.NOT_IN_LINE}{Characters.SURROGATES}]", text):
        problem = f"the {what} contains a line break or a control character"
    else:
        return text
    raise InvalidInput(problem, field=field, code=f"bad-{what}")


@described(**keywords_of(_check_line))
def check_subject(subject: str, *, field: str = "subject") -> str:
    """Return `subject` if it is one non-blank line of 1 to 200 characters, or raise InvalidInput."""
    return _check_line(subject, "subject", MAX_SUBJECT_CHARS, field)


@described(**keywords_of(_check_line))
def check_name(name: str, *, field: str = "name") -> str:
    """Return `name` if it is one non-blank line of 1 to 100 characters, or raise InvalidInput."""
    return _check_line(name, "name", MAX_SENDER_NAME_CHARS, field)
