"""Attachments and inline pictures of mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import pytest

from libraries.errors import InvalidInput, NotFound
from libraries.mailing import (
    MAX_ATTACHMENTS_BYTES,
    check_attachments,
    contact_letter,
    find_attachments,
    notice,
    read_attachments,
)
from libraries.storage import output_folder
from libraries.svg_builder import SVGBuilder
from tests.errors import raises_code
from tests.mail_server import parsed

pytestmark = pytest.mark.usefixtures("settings")
Records = Sequence[Mapping[str, Any]]


def nothing(job_id: str) -> Records:
    raise NotFound("there is no job with this id")


def drawing() -> str:
    return SVGBuilder(60, 40).polylines([[(5, 5), (55, 35)]]).to_string()


def made(name: str, data: str | bytes = "a,b\n1,2\n") -> dict[str, Any]:
    return output_folder().publish(name, data).as_record()


def mail(**more: Any) -> EmailMessage:
    values: dict[str, Any] = {
        "subject": "s",
        "template": "job_finished",
        "context": {"job_id": "x"},
        "attachments": None,
        "made_by": nothing,
    }
    return parsed(notice(**values | more).to("ann@example.com").as_bytes())


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ("output/a.svg", "attachments"),
        (["a"] * 6, "attachments"),
        ([5], "attachments.0"),
        (["ok", "no/such"], "attachments.1"),
        (["output/../../etc/passwd"], "attachments.0"),
        (["output//etc/passwd"], "attachments.0"),
        (["/etc/passwd"], "attachments.0"),
        (["output/.owners/bob/a.svg"], "attachments.0"),
        (["uploads/a.csv"], "attachments.0"),
        (["a\r\nb"], "attachments.0"),
        (["output/" + "a" * 500], "attachments.0"),
    ],
)
def test_an_invalid_attachment_is_rejected_with_its_index(names: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_attachments(names)
    assert refusal.value.field == field


def test_a_missing_job_or_file_is_named() -> None:
    made("a.csv")
    for missing in ("output/b.csv", "unknown"):
        with raises_code("bad-attachment") as refusal:
            find_attachments(["output/a.csv", missing], nothing)
        assert refusal.value.field == "attachments.1"


def test_a_job_without_files_has_no_attachments() -> None:
    with raises_code("bad-attachment", match="has no files yet"):
        find_attachments(["j1"], lambda _: [])


def test_more_than_ten_megabytes_are_rejected_before_they_are_read() -> None:
    half = {**made("a.csv"), "size": MAX_ATTACHMENTS_BYTES // 2 + 1}
    with raises_code("bad-attachment", match="a mail may have 10000000"):
        find_attachments(["j1", "j2"], lambda _: [half])


def test_more_than_five_files_are_rejected() -> None:
    two = [made("a.csv"), made("b.csv")]
    with raises_code("bad-attachment", match="6 files"):
        find_attachments(["j1", "j2", "j3"], lambda _: two)


def test_a_file_that_was_replaced_since_its_job_is_not_sent() -> None:
    record = made("a.csv")
    made("a.csv", "c,d\n3,4\n")
    with raises_code("bad-attachment"):
        read_attachments(["j1"], lambda _: [record])


def test_attachments_keep_type_and_bytes_and_get_unique_names() -> None:
    records = {"j1": [made("one/a.svg", drawing())], "j2": [made("two/a.svg", drawing())]}
    made("rows.csv")
    made("old.eml", "To: x\r\n\r\nhello")
    message = mail(
        template="order_complete",
        context={},
        attachments=["j1", "j2", "output/rows.csv", "output/old.eml"],
        made_by=records.__getitem__,
    )
    found = [(one.get_filename(), one.get_content_type()) for one in message.iter_attachments()]
    assert found == [
        ("a.svg", "image/svg+xml"),
        ("a (2).svg", "image/svg+xml"),
        ("rows.csv", "text/csv"),
        ("old.eml", "application/octet-stream"),
    ]
    first, _, rows, _ = message.iter_attachments()
    assert first.get_payload(decode=True) == drawing().encode()
    assert rows.get_param("charset") == "utf-8"


def test_a_finished_drawing_is_shown_in_the_mail_itself() -> None:
    record = made("a.svg", drawing())
    message = mail(context={"job_id": "j1"}, made_by=lambda _: [record])
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    (picture,) = [one for one in message.walk() if one.get_content_type() == "image/png"]
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(b"\x89PNG")
    assert list(message.iter_attachments()) == []


def test_an_attached_drawing_is_shown() -> None:
    record = made("a.svg", drawing())
    message = mail(attachments=["j1"], made_by=lambda _: [record])
    assert sorted(one.get_content_type() for one in message.walk() if not one.is_multipart()) == [
        "image/png",
        "image/svg+xml",
        "text/html",
        "text/plain",
    ]


@pytest.mark.parametrize("data", ["<svg", "<html/>", '<!DOCTYPE x [<!ENTITY a SYSTEM "b">]><svg/>'])
def test_a_mail_is_sent_without_an_invalid_picture(data: str) -> None:
    record = made("a.svg", data)
    message = mail(made_by=lambda _: [record])
    assert not [one for one in message.walk() if one.get_content_type() == "image/png"]


def test_the_picture_of_another_owners_job_is_not_shown() -> None:
    assert not [
        one for one in mail(made_by=nothing).walk() if one.get_content_type() == "image/png"
    ]


@pytest.mark.parametrize(
    "name", ["", " ", "Ann\r\nBcc: v@example.com", "x" * 101, None, "a\u2028b"]
)
def test_a_senders_name_is_one_line(name: Any) -> None:
    with raises_code("bad-name"):
        contact_letter(name, "ann@example.com", "Hello")
