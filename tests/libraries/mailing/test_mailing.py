"""Validation, composition and delivery of mails, to a real server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from asyncio import WriteTransport
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from jinja2 import DictLoader

from libraries.errors import CODES, InvalidInput, Unavailable, UnknownName
from libraries.mailing import (
    BadContext,
    MailSession,
    check_address,
    check_subject,
    compose,
    deliver,
    delivery,
    fill_template,
    templates,
)
from libraries.mailing.delivery import MailServer as MailServerAddress
from libraries.settings import Settings, use_settings
from tests.conftest import Stopwatch
from tests.errors import raises_code
from tests.mail_server import MailServer, parsed, part

StartServer = Callable[..., MailServer]


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Return a function that starts a mail server until the end of the test."""
    running: list[MailServer] = []

    def start(replies: dict[str, str] | None = None, **options: Any) -> MailServer:
        running.append(MailServer(replies, **options))
        running[-1].start()
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a self-signed certificate for this machine, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            *names,
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """Return the TLS context of a server with that certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


def use_server(settings: Settings, url: str) -> None:
    use_settings(settings.with_values(smtp_url=url))


# Validation


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com",
        "ann.b+plotter@mail.example.co.uk",
        "o'neil@example.com",
        "root@localhost",
        "a@xn--bcher-kva.example",
        f"{'a' * 64}@example.com",
    ],
)
def test_a_plain_address_is_accepted(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example",
        "ann@example.com\r\nBcc: victim@example.com",
        "ann@example.com\n",
        "ann@example.com\0",
        "ann@example.com, bob@example.com",
        "ann@example.com;bob@example.com",
        "ann@example.com bob@example.com",
        "Ann <ann@example.com>",
        '"ann b"@example.com',
        "ann@bob@example.com",
        "ann..b@example.com",
        ".ann@example.com",
        "ann@-example.com",
        "ann@example..com",
        "ann@127.0.0.1",
        "ann@[127.0.0.1]",
        "änn@example.com",
        "ann@bücher.example",
        "ann@example.com\u2028",
        f"{'a' * 65}@example.com",
        f"ann@{'a.' * 130}com",
        None,
        7,
        ["ann@example.com"],
    ],
)
def test_other_addresses_are_rejected_with_the_field(address: Any) -> None:
    with raises_code("bad-recipient") as refusal:
        check_address(address)
    assert refusal.value.field == "recipient"


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "   ",
        "a\r\nBcc: v@example.com",
        "a\nb",
        "a\rb",
        "a\0b",
        "\x7f",
        "\ud800",
        "a\u2028b",
        "x" * 201,
        5,
    ],
)
def test_a_subject_that_could_add_a_header_is_rejected(subject: Any) -> None:
    with raises_code("bad-subject") as refusal:
        check_subject(subject)
    assert refusal.value.field == "subject"


@pytest.mark.parametrize(
    "name",
    ["order_complet", "../order_complete", "order_complete.txt.j2", "/etc/passwd", "", None, "a\0"],
)
def test_a_template_name_cannot_be_a_path(name: Any) -> None:
    with pytest.raises(UnknownName, match="order_complete"):
        fill_template(name)


@pytest.mark.parametrize(
    "context",
    [["a"], "a", {"a": object()}, {"a": "x" * 20_000}, {"a": "\ud800"}, {1: 2}, {"a": 2**70}],
    ids=lambda context: repr(context)[:20],
)
def test_a_context_must_be_a_small_json_object(context: Any) -> None:
    with pytest.raises(BadContext) as refusal:
        fill_template("order_complete", context)
    assert refusal.value.field == "context"


def test_a_recursive_context_is_rejected() -> None:
    context: dict[str, Any] = {}
    context["again"] = context
    with pytest.raises(BadContext):
        fill_template("order_complete", context)


def test_an_undefined_variable_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The template uses a missing value, or a value of the wrong type."""
    sources = {
        "order_complete.txt.j2": "{{ size.width }} {{ count + 1 }}",
        "order_complete.html.j2": "x",
    }
    monkeypatch.setattr(
        templates, "ENVIRONMENT", templates.ENVIRONMENT.overlay(loader=DictLoader(sources))
    )
    assert fill_template("order_complete", {"size": {"width": 5}, "count": 1})[0] == "5 2"
    contexts: list[tuple[dict[str, Any], str]] = [
        ({}, "'size' is undefined"),
        ({"size": {}, "count": 1}, "'dict object' has no attribute 'width'"),
        ({"size": {"width": 5}, "count": "1"}, "invalid context"),
    ]
    for context, reason in contexts:
        with pytest.raises(BadContext) as error:
            fill_template("order_complete", context)
        assert str(error.value) == f"template 'order_complete': {reason}"


def test_a_template_cannot_reach_into_python(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "order_complete.txt.j2": "{{ name.__class__.__mro__ }}",
        "order_complete.html.j2": "x",
    }
    monkeypatch.setattr(
        templates, "ENVIRONMENT", templates.ENVIRONMENT.overlay(loader=DictLoader(sources))
    )
    with pytest.raises(BadContext):
        fill_template("order_complete", {"name": "Ann"})


# Composition


@pytest.mark.usefixtures("settings")
def test_a_mail_has_a_text_part_an_html_part_and_all_its_headers() -> None:
    message = parsed(
        compose("ann@example.com", "Größe: 20 cm ✏", "order_complete", {"name": "Ann"}).as_bytes()
    )
    assert message["To"] == "ann@example.com"
    assert message["From"] == "vector-api@localhost"
    assert message["Subject"] == "Größe: 20 cm ✏"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    assert message["Message-ID"].endswith("@localhost>")
    assert [inner.get_content_type() for inner in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert "Hello Ann," in part(message, "plain")
    assert "Hello Ann," in part(message, "html")


@pytest.mark.usefixtures("settings")
def test_a_mail_without_a_context_is_readable() -> None:
    text = part(compose("ann@example.com", "Your order is ready"), "plain")
    assert text.startswith("Hello,\n\nyour order is complete and ready for you.\n\nThank you")
    assert "None" not in text


def test_values_are_not_template_code_or_markup() -> None:
    text, html = fill_template(
        "order_complete",
        {"name": "{{ 7 * 7 }}<script>", "items": ["{% for %}", "<b>&"]},
        subject="<s>",
    )
    assert "{{ 7 * 7 }}<script>" in text
    assert "{% for %}" in text
    assert html is not None
    assert "{{ 7 * 7 }}&lt;script&gt;" in html
    assert "&lt;b&gt;&amp;" in html
    assert "<script" not in html
    assert "<title>&lt;s&gt;</title>" in html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        'https://example.com/" onclick="x',
        "data:text/html,x",
        "//example.com",
        5,
    ],
)
def test_only_a_web_address_becomes_a_link(url: Any) -> None:
    with pytest.raises(BadContext) as refusal:
        fill_template("order_complete", {"url": url})
    assert list(refusal.value.messages) == ["url"]


def test_a_web_address_becomes_a_link() -> None:
    text, html = fill_template("order_complete", {"url": "https://example.com/jobs/1?a=b"})
    assert "https://example.com/jobs/1?a=b" in text
    assert html is not None
    assert 'href="https://example.com/jobs/1?a=b"' in html


@pytest.mark.usefixtures("settings")
def test_the_message_id_is_derived_from_the_seed_and_the_recipient() -> None:
    def message_id(recipient: str, seed: str | None) -> str:
        return str(compose(recipient, "s", message_id_seed=seed)["Message-ID"])

    assert message_id("ann@example.com", "job-1") == message_id("ann@example.com", "job-1")
    assert message_id("ann@example.com", "job-1") != message_id("bob@example.com", "job-1")
    assert message_id("ann@example.com", "job-1") != message_id("ann@example.com", "job-2")
    assert message_id("ann@example.com", None) != message_id("ann@example.com", None)


printable = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])


@pytest.mark.usefixtures("settings")
@examples(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(printable, max_size=60),
    context=st.dictionaries(
        st.sampled_from(["name", "order", "note"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    ),
)
def test_no_input_adds_a_header_or_a_recipient(text: str, context: dict[str, str]) -> None:
    message = parsed(compose("ann@example.com", f"S{text}.", "order_complete", context).as_bytes())
    assert sorted(message.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type",
        ]
    )
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == f"S{text}."


# Delivery


def test_without_a_server_each_mail_becomes_a_file(settings: Settings) -> None:
    deliveries = [deliver(compose("ann@example.com", "Your order is ready")) for _ in range(2)]
    artifacts = [one.artifact for one in deliveries]
    assert [one.by for one in deliveries] == ["file", "file"]
    assert len({artifact.name for artifact in artifacts if artifact}) == 2
    for artifact in artifacts:
        assert artifact is not None
        assert artifact.name.startswith("mail/ann-example-com-")
        assert artifact.media_type == "message/rfc822"
        assert Path(artifact.path).is_relative_to(settings.storage.output_dir)
        assert parsed(Path(artifact.path).read_bytes())["Subject"] == "Your order is ready"


def test_a_mail_is_delivered_to_a_real_server(
    settings: Settings, start_server: StartServer
) -> None:
    server = start_server()
    use_server(settings.with_values(mail_from="shop@example.org"), server.url())
    assert deliver(compose("ann@example.com", "Schöne Grüße", context={"name": "Änn"})).by == "smtp"
    (envelope,), (mail,) = server.envelopes, server.mails()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.org", ["ann@example.com"])
    assert mail["Subject"] == "Schöne Grüße"
    assert mail["From"] == "shop@example.org"
    assert "Hello Änn," in part(mail, "plain")
    assert "<h1" in part(mail, "html")
    assert server.sessions[0].host_name == "example.org"
    assert not list(settings.storage.output_dir.glob("mail/*"))


def test_injected_headers_do_not_reach_the_server(
    settings: Settings, start_server: StartServer
) -> None:
    server = start_server()
    use_server(settings, server.url())
    for recipient, subject in [
        ("a@example.com\r\nBcc: v@example.com", "s"),
        ("a@example.com,v@example.com", "s"),
        ("a@example.com", "s\r\nBcc: v@example.com"),
    ]:
        with pytest.raises(InvalidInput):
            deliver(compose(recipient, subject))
    assert server.envelopes == []


def test_lines_that_look_like_commands_stay_text(
    settings: Settings, start_server: StartServer
) -> None:
    server = start_server()
    use_server(settings, server.url())
    deliver(
        compose(
            "ann@example.com",
            "s",
            context={"note": "x\r\n.\r\nMAIL FROM:<v@example.com>\r\n.", "name": "a\0b"},
        )
    )
    (mail,) = server.mails()
    assert "\n.\nMAIL FROM:<v@example.com>\n.\n" in part(mail, "plain").replace("\r\n", "\n")


def test_user_and_password_of_the_url_are_decoded_and_used(
    settings: Settings, start_server: StartServer
) -> None:
    server = start_server(login=("ann@example.com", "p@ss/w:rd"))
    use_server(settings, server.url(login="ann%40example.com:p%40ss%2Fw%3Ard@"))
    deliver(compose("ann@example.com", "s"))
    assert len(server.envelopes) == 1


def test_a_wrong_password_is_an_error_of_the_server(
    settings: Settings, start_server: StartServer
) -> None:
    server = start_server(login=("ann", "right"))
    use_server(settings, server.url(login="ann:wrong-secret@"))
    with raises_code("mail-server-away", match="login") as away:
        deliver(compose("ann@example.com", "s"))
    assert "wrong-secret" not in str(away.value)
    assert server.envelopes == []


@pytest.mark.parametrize(
    ("command", "code", "kind"),
    [
        ("RCPT", 550, "mail-refused"),
        ("RCPT", 451, "mail-deferred"),
        ("MAIL", 552, "mail-refused"),
        ("MAIL", 421, "mail-deferred"),
        ("DATA", 554, "mail-refused"),
        ("DATA", 451, "mail-deferred"),
    ],
)
def test_permanent_and_temporary_rejections_differ(
    settings: Settings, start_server: StartServer, command: str, code: int, kind: str
) -> None:
    server = start_server({command: f"{code} secret words of the server"})
    use_server(settings, server.url())
    with raises_code(kind, match=str(code)) as refusal:
        deliver(compose("ann@example.com", "s"))
    assert "secret" not in str(refusal.value)
    assert server.envelopes == []


def test_only_temporary_errors_are_retryable() -> None:
    assert CODES["mail-refused"].family is InvalidInput
    assert CODES["mail-server-away"].family is Unavailable


def test_a_mail_is_delivered_even_if_the_server_disconnects_afterwards(
    settings: Settings, start_server: StartServer
) -> None:
    server = start_server({"QUIT": ""})
    use_server(settings, server.url())
    assert deliver(compose("ann@example.com", "s")).by == "smtp"
    assert len(server.envelopes) == 1


class HangingUp(MailServer):
    """A server that closes the connection after each mail."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept a mail and close the connection after the reply."""
        assert isinstance(server.transport, WriteTransport)
        asyncio.get_running_loop().call_soon(server.transport.close)
        return await super().handle_DATA(server, session, envelope)


def test_a_connection_that_was_lost_between_two_mails_is_reopened(settings: Settings) -> None:
    server = HangingUp()
    server.start()
    try:
        use_server(settings, server.url())
        with MailSession() as session:
            for number in range(3):
                session.deliver(compose(f"a{number}@example.com", "s"))
    finally:
        server.stop()
    assert [mail["To"] for mail in server.mails()] == [
        "a0@example.com",
        "a1@example.com",
        "a2@example.com",
    ]


def test_a_missing_server_is_detected_at_once(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use_server(settings, f"smtp://user:secret@127.0.0.1:{closed.getsockname()[1]}")
        before = Stopwatch()
        with raises_code("mail-server-away") as away:
            deliver(compose("ann@example.com", "s"))
    assert before.seconds() < 2
    assert "secret" not in str(away.value)


def test_a_silent_server_times_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_server(settings, f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        with raises_code("mail-server-away"):
            deliver(compose("ann@example.com", "s"))


def test_starttls_is_used_if_the_server_offers_it(
    settings: Settings,
    start_server: StartServer,
    tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    server = start_server(tls=tls, login=("ann", "secret"))
    use_server(settings, server.url(login="ann:secret@"))
    deliver(compose("ann@example.com", "s"))
    assert len(server.envelopes) == 1
    assert server.sessions[0].ssl is not None


def test_smtps_uses_tls_from_the_start(
    settings: Settings,
    start_server: StartServer,
    tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    server = start_server(ssl_context=tls)
    use_server(settings, server.url("smtps"))
    deliver(compose("ann@example.com", "s"))
    assert len(server.envelopes) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_an_untrusted_certificate_is_rejected(
    settings: Settings, start_server: StartServer, tls: ssl.SSLContext, scheme: str
) -> None:
    server = start_server(tls=tls) if scheme == "smtp" else start_server(ssl_context=tls)
    use_server(settings, server.url(scheme))
    with raises_code("mail-server-away", match="certificate"):
        deliver(compose("ann@example.com", "s"))
    assert server.envelopes == []


def test_a_password_is_not_sent_unencrypted_over_a_network(
    settings: Settings, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(login=("ann", "secret"))
    use_server(settings, server.url(login="ann:secret@"))
    monkeypatch.setattr(MailServerAddress, "is_local", False)
    with raises_code("mail-server-away", match="password was not sent"):
        deliver(compose("ann@example.com", "s"))
    assert server.envelopes == []


@pytest.mark.parametrize(
    ("url", "host", "port", "encrypted"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, False),
        ("smtp://u:p@mail.example.com", "mail.example.com", 587, False),
        ("smtps://mail.example.com", "mail.example.com", 465, True),
        ("smtp://[::1]:2525", "::1", 2525, False),
    ],
)
def test_a_url_without_a_port_gets_the_default_port(
    url: str, host: str, port: int, encrypted: bool
) -> None:
    server = MailServerAddress.from_url(url)
    assert (server.host, server.port, server.tls_from_start) == (host, port, encrypted)


@pytest.mark.parametrize(
    "url", ["smtp://", "smtp://host:99999", "smtp://user:secret@", "smtp://[::1", "http://host"]
)
def test_an_invalid_url_is_reported_without_its_password(url: str) -> None:
    with raises_code("mail-server-away", match="SMTP_URL") as away:
        MailServerAddress.from_url(url)
    assert "secret" not in str(away.value)


def test_the_repr_of_a_server_has_no_password() -> None:
    assert "secret" not in repr(MailServerAddress.from_url("smtp://u:secret@host"))
