"""Delivery of mails by SMTP or, without a server, to .eml files."""

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
from libraries.storage import Artifact, filename_part, shared_output_folder

TIMEOUT_S = 10.0
OK, PERMANENT = 250, 500
PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class Delivery:
    """The delivery of a mail: `by` is `smtp` or `file`; `artifact` is the file."""

    by: str
    artifact: Artifact | None = None


@dataclass(frozen=True)
class MailServer:
    """A mail server as given by the setting `SMTP_URL`."""

    host: str
    port: int
    tls_from_start: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> MailServer:
        """Parse `smtp://user:password@host:port` or `smtps://...`; raise Unavailable if it is invalid.

        The default port is 465 for `smtps`, else 587 with a user and 25 without (RFC 8314, 6409).
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in PORTS:
            raise _server_error("SMTP_URL is not a valid address of a mail server")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        default_port = 587 if user and parts.scheme == "smtp" else PORTS[parts.scheme]
        return cls(host, port or default_port, parts.scheme == "smtps", user, password)

    @property
    def is_local(self) -> bool:
        """True if the server is on this machine, so that passwords do not cross a network."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class MailSession(AbstractContextManager["MailSession"]):
    """Delivers mails over one connection, which is opened for the first mail and reopened when it was lost."""

    def __init__(self) -> None:
        self._client: smtplib.SMTP | None = None

    def __exit__(self, *_: object) -> None:
        # The mail was accepted before. If the server closes the connection early, an error here would
        # cause a second delivery.
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._drop()

    def deliver(self, message: EmailMessage) -> Delivery:
        """Send `message` to the server `SMTP_URL`, or without one write it to `mail/<name>.eml` in the output folder.

        Uses TLS (`smtps`) or, if offered, STARTTLS. A password is only sent encrypted, except to
        this machine. Raises InvalidInput for a permanent rejection, else Unavailable.
        """
        url = MailSettings.current().smtp_url
        if not url:
            artifact = shared_output_folder().publish(_file_name(message), message.as_bytes())
            return Delivery("file", artifact)
        with _translated_errors():
            client = self._connected(MailServer.from_url(url), message)
            try:
                client.send_message(message)
            except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
                raise
            except BaseException:
                # The state of the connection is unknown. This includes the timeout of the job.
                self._drop()
                raise
        return Delivery("smtp")

    def _connected(self, server: MailServer, message: EmailMessage) -> smtplib.SMTP:
        """Return the connection; open a new one if it does not respond."""
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
    """Deliver one mail as `MailSession.deliver` does, and raise the same errors."""
    with MailSession() as session:
        return session.deliver(message)


def _file_name(message: EmailMessage) -> str:
    """Return a name that contains the recipient and is unique to the message."""
    unique = hashlib.sha256(str(message["Message-ID"]).encode()).hexdigest()[:16]
    return f"mail/{filename_part(str(message['To']))}-{unique}.eml"


def _connect(server: MailServer, message: EmailMessage) -> smtplib.SMTP:
    trust = ssl.create_default_context()
    # The domain of the sender instead of the name of this machine.
    greeting = str(message["From"]).rpartition("@")[2]
    client = (
        smtplib.SMTP_SSL(server.host, server.port, greeting, timeout=TIMEOUT_S, context=trust)
        if server.tls_from_start
        else smtplib.SMTP(server.host, server.port, greeting, timeout=TIMEOUT_S)
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
            raise _server_error(
                "the mail server does not offer TLS, so the password was not sent; use smtps:// if it supports it"
            )
        client.login(server.user, server.password)


def _server_error(problem: str) -> Unavailable:
    return Unavailable(problem, code="mail-server-away")


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the errors of smtplib; the texts of the server are not passed on."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise _server_error("the mail server rejected the login of this service") from error
    except smtplib.SMTPRecipientsRefused as error:
        code = max(reply[0] for reply in error.recipients.values())
        raise _rejection(code, "the recipient", "recipient") from error
    except smtplib.SMTPSenderRefused as error:
        raise _rejection(error.smtp_code, "the sender", None) from error
    except smtplib.SMTPResponseException as error:
        raise _rejection(error.smtp_code, "the mail", None) from error
    except smtplib.SMTPNotSupportedError as error:
        raise _server_error("the mail server does not support a required command") from error
    except ssl.SSLError as error:
        raise _server_error("the certificate or TLS of the mail server is not trusted") from error
    # UnicodeError: a host name that cannot be encoded for the lookup.
    except (OSError, UnicodeError) as error:
        raise _server_error("the mail server does not answer") from error


def _rejection(code: int, what: str, field: str | None) -> InvalidInput | Unavailable:
    if code >= PERMANENT:
        return InvalidInput(
            f"the mail server rejected {what} (reply {code})", field=field, code="mail-refused"
        )
    return Unavailable(
        f"the mail server rejected {what} temporarily (reply {code})", code="mail-deferred"
    )
