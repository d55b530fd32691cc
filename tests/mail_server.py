"""An SMTP server for a test on a free local port. It stores the received mails."""

from __future__ import annotations

import ssl
from asyncio import Server, WriteTransport
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer(Controller):
    """Accepts mail, or replies as configured.

    Args:
        replies: replies to commands instead of accepting them, such as `{"RCPT": "550 no"}`.
        login: the required user and password; none if not given.
        tls: offers STARTTLS with this context.
        ssl_context: speaks TLS from the start with this context.
    """

    def __init__(
        self,
        replies: dict[str, str] | None = None,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.replies, self.login = replies or {}, login
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        options: dict[str, Any] = {
            "tls_context": tls,
            "ssl_context": ssl_context,
            "authenticator": self.check_login,
        }
        super().__init__(self, hostname="127.0.0.1", port=0, auth_require_tls=False, **options)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    def check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        """Check the credentials of a client."""
        if self.login is None or not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        known = (given.login.decode(), given.password.decode()) == self.login
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Accept a sender."""
        self.sessions.append(session)
        if self.login and not session.authenticated:
            return "530 log in first"
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Accept a recipient."""
        reply = self.replies.get("RCPT", "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept a mail."""
        reply = self.replies.get("DATA", "250 OK")
        if reply.startswith("2"):
            self.envelopes.append(envelope)
        return reply

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Reply, or close the connection if `replies` has an empty reply."""
        reply = self.replies.get("QUIT", "221 bye")
        if not reply:
            assert isinstance(server.transport, WriteTransport)
            server.transport.abort()
        return reply

    def url(self, scheme: str = "smtp", login: str = "") -> str:
        """The value of the setting `SMTP_URL`."""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def mails(self) -> list[EmailMessage]:
        """Return the received mails."""
        return [parsed(envelope.content) for envelope in self.envelopes]


def parsed(content: object) -> EmailMessage:
    """Parse a mail."""
    assert isinstance(content, bytes)
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """Return the text of the `plain` or `html` part of `message`."""
    body = message.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())
