"""Drawings of `POST /artboard/create` are optimised for the pen."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

RunJobs = Callable[[], None]


def test_a_drawing_whose_search_was_finished_early_is_not_copied_for_equal_requests(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    request = {"width": 120, "height": 90, "pattern": "voronoi", "seed": 5}
    stopped = []
    for finish in (True, False, False):
        job_id = client.post("/artboard/create", json=request).get_json()["job_id"]
        if finish:
            client.post(f"/jobs/{job_id}/finish")
        run_jobs()
        job = client.get(f"/jobs/{job_id}").get_json()
        stopped.append(job["artifacts"][0]["certificate"]["stopped"])
    assert stopped == ["client", None, None]
    assert "already drawn" in job["progress"]["message"]


def test_a_drawing_reports_the_travel_of_its_order(client: FlaskClient, run_jobs: RunJobs) -> None:
    request = {"width": 120, "height": 90, "pattern": "voronoi"}
    job_id = client.post("/artboard/create", json=request).get_json()["job_id"]
    run_jobs()
    artifact = client.get(f"/jobs/{job_id}").get_json()["artifacts"][0]
    assert artifact["plot"]["lifts"] == artifact["certificate"]["lifts"]["after"]
