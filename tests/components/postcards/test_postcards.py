from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient

from libraries.settings import Settings

CARD = {"recipient": "John Doe", "message": "Happy Birthday!", "template_name": "birthday"}


def test_a_postcard_is_queued_and_drawn(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    response = client.post("/postcards", json=CARD)
    reply = response.get_json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{reply['job_id']}"
    assert reply["status"] == "queued"
    run_jobs()
    job = client.get(f"/jobs/{reply['job_id']}").get_json()
    name = "postcards/postcard_John Doe_birthday.svg"
    assert job["result"] == f"output/jobs/{job['id']}/{name}"
    assert (settings.storage.output_dir / name).is_file()
    assert job["timeout"] == 120
    svg = ElementTree.fromstring(
        client.get(f"/jobs/{reply['job_id']}/result").get_data(as_text=True)
    )
    assert (svg.get("width"), svg.get("height")) == ("210mm", "148mm")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message", "x" * 501),
        ("message", ""),
        ("message", "a\x00b"),
        ("message", "a\x1b[2J"),
        ("message", 5),
        ("recipient", ""),
        ("recipient", "x" * 1000),
        ("template_name", "birthdy"),
        ("template_name", "../../etc/passwd"),
        ("template_name", None),
    ],
)
def test_an_invalid_postcard_is_rejected(client: FlaskClient, field: str, value: Any) -> None:
    response = client.post("/postcards", json={**CARD, field: value})
    assert response.status_code == 422
    assert [error["field"] for error in response.get_json()["errors"]] == [field]


def test_misspelt_templates_and_fields_get_a_hint(client: FlaskClient) -> None:
    response = client.post("/postcards", json={**CARD, "template_name": "birthdy", "mesage": "hi"})
    hints = {error["field"]: error["hint"] for error in response.get_json()["errors"]}
    assert hints == {
        "template_name": "did you mean 'birthday'?",
        "mesage": "did you mean 'message'?",
    }


def test_a_recipient_cannot_escape_the_output_folder(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    reply = client.post("/postcards", json={**CARD, "recipient": "../../../etc/passwd"}).get_json()
    run_jobs()
    job = client.get(f"/jobs/{reply['job_id']}").get_json()
    assert job["status"] == "finished"
    assert job["result"].startswith(f"output/jobs/{job['id']}/postcards/postcard_")
    assert ".." not in job["result"]


def test_a_card_is_saved_under_the_name_of_its_recipient(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    body = {**CARD, "recipient": 'Jürgen "J" a/b'}
    job_id = client.post("/postcards", json=body).get_json()["job_id"]
    run_jobs()
    address = f"/jobs/{job_id}/result?download=1"
    for suffix, media_type in (("svg", "image/svg+xml"), ("png", "image/png")):
        reply = client.get(address, headers={"Accept": media_type})
        assert reply.headers["Content-Disposition"] == (
            f'attachment; filename="postcard_Jurgen _J_ a_b_birthday.{suffix}"; '
            f"filename*=UTF-8''postcard_J%C3%BCrgen%20_J_%20a_b_birthday.{suffix}"
        )
