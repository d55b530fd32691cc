"""Delivery: over SMTP when a server is set, else into a file that a mail program can open."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from libraries.errors import InvalidInput, Unavailable
from libraries.settings import MailSettings
from libraries.storage import Artifact, filename_part, output_folder

PATIENCE_S = 10.0
OK, PERMANENT = 250, 500
PORTS = {"smtp": 25, "smtps": 465}


class MailRefused(InvalidInput):
    """Raised when the mail server will not take this mail, now or later (replies 5xx)."""

    code = "mail-refused"


class MailServerAway(Unavailable):
    """Raised when the mail server cannot be reached or used for now."""

    code = "mail-server-away"


class MailDeferred(Unavailable):
    """Raised when the mail server works, but asks to try this mail again later (replies 4xx)."""

    code = "mail-deferred"


@dataclass(frozen=True)
class Delivery:
    """Where a mail went: `by` is `smtp` or `file`; `artifact` is the file, if it is one."""

    by: str
    artifact: Artifact | None = None


@dataclass(frozen=True)
class MailServer:
    """A mail server as the setting `SMTP_URL` describes it."""

    host: str
    port: int
    tls_from_start: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> MailServer:
        """Read `smtp://user:password@host:port` or `smtps://...`; user and password are percent-decoded.

        Without a port: 465 for `smtps`, else 587 with a user and 25 without one (RFC 8314, RFC 6409).

        Raises:
            MailServerAway: the URL names no host or a bad port.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in PORTS:
            raise MailServerAway("the address of the mail server (SMTP_URL) cannot be used")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        usual = 587 if user and parts.scheme == "smtp" else PORTS[parts.scheme]
        return cls(host, port or usual, parts.scheme == "smtps", user, password)

    @property
    def is_local(self) -> bool:
        """Tell whether the server is on this machine, so that nothing crosses a network."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class MailSession(AbstractContextManager["MailSession"]):
    """Delivers mails one after the other over one connection, which is made for the first and renewed when it was lost."""

    def __init__(self) -> None:
        self._client: smtplib.SMTP | None = None

    def __exit__(self, *_: object) -> None:
        # A mail is accepted once the server has said so. A server that hangs up before the goodbye must not make it look lost, or
        # it would be sent again.
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._drop()

    def deliver(self, message: EmailMessage) -> Delivery:
        """Send `message` to the server of the setting `SMTP_URL`; without one write it to `mail/<name>.eml` in the output folder.

        The connection is encrypted from the start (`smtps`) or as soon as the server offers it; certificates are checked. A
        password crosses a network only encrypted. Each step may take 10 seconds.

        Raises:
            MailRefused: the server refused the mail for good.
            MailDeferred: the server asks to try the mail again later.
            MailServerAway: the server cannot be reached, trusted or used.
            StorageFull: there is no room for the file.
        """
        url = MailSettings.current().smtp_url
        if not url:
            return Delivery(
                "file", output_folder().publish(_file_name(message), message.as_bytes())
            )
        with _plain_errors():
            client = self._connected(MailServer.from_url(url), message)
            try:
                client.send_message(message)
            except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
                raise
            except BaseException:
                # Nobody knows what the server would make of the next line. The end of the job's time comes here, too.
                self._drop()
                raise
        return Delivery("smtp")

    def _connected(self, server: MailServer, message: EmailMessage) -> smtplib.SMTP:
        """Return the connection, a new one if there is none that still answers."""
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if self._client.rset()[0] == OK:
                    return self._client
            self._drop()
        self._client = _connect(server, message)
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def deliver(message: EmailMessage) -> Delivery:
    """Deliver one mail as `MailSession.deliver` does.

    Raises:
        MailRefused, MailServerAway, StorageFull: as there.
    """
    with MailSession() as session:
        return session.deliver(message)


def _file_name(message: EmailMessage) -> str:
    """Return a name that shows the recipient and is unique to the message."""
    unique = hashlib.sha256(str(message["Message-ID"]).encode()).hexdigest()[:16]
    return f"mail/{filename_part(str(message['To']))}-{unique}.eml"


def _connect(server: MailServer, message: EmailMessage) -> smtplib.SMTP:
    """Connect, encrypt, log in."""
    trust = ssl.create_default_context()
    # The name in the greeting: the sender's domain, not this machine's own name.
    greeting = str(message["From"]).rpartition("@")[2]
    client = (
        smtplib.SMTP_SSL(server.host, server.port, greeting, timeout=PATIENCE_S, context=trust)
        if server.tls_from_start
        else smtplib.SMTP(server.host, server.port, greeting, timeout=PATIENCE_S)
    )
    try:
        _encrypt_and_log_in(client, server, trust)
    except BaseException:
        client.close()
        raise
    return client


def _encrypt_and_log_in(client: smtplib.SMTP, server: MailServer, trust: ssl.SSLContext) -> None:
    client.ehlo_or_helo_if_needed()
    encrypted = server.tls_from_start
    if not encrypted and client.has_extn("starttls"):
        client.starttls(context=trust)
        client.ehlo()
        encrypted = True
    if server.user:
        if not (encrypted or server.is_local):
            raise MailServerAway(
                "the mail server offers no encryption, so the password was not sent; use smtps:// if it has it"
            )
        client.login(server.user, server.password)


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what smtplib raises into our two errors; the server's own words are not passed on."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise MailServerAway("the mail server did not accept the login of this service") from error
    except smtplib.SMTPRecipientsRefused as error:
        code = max(reply[0] for reply in error.recipients.values())
        raise _refusal(code, "the recipient", "recipient") from error
    except smtplib.SMTPSenderRefused as error:
        raise _refusal(error.smtp_code, "the sender", None) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, "the mail", None) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailServerAway("the mail server lacks a command that this service needs") from error
    except ssl.SSLError as error:
        raise MailServerAway(
            "the mail server's encryption or certificate is not good enough to trust"
        ) from error
    # UnicodeError: a host name that cannot be looked up at all.
    except (OSError, UnicodeError) as error:
        raise MailServerAway("the mail server does not answer") from error


def _refusal(code: int, what: str, blamed: str | None) -> InvalidInput | Unavailable:
    if code >= PERMANENT:
        return MailRefused(f"the mail server refused {what} for good (reply {code})", field=blamed)
    return MailDeferred(f"the mail server refused {what} for now (reply {code})")
