"""The text tasks, called directly and run by the real worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from libraries.errors import InvalidInput
from libraries.job_manager import JobOptions, JobRecord, enqueue_background_job, fetch_job, submit
from libraries.settings import Settings, use_settings
from tests.conftest import WorkerProcess, own_seconds, until
from tests.libraries.texts.model_server import model_server, reply
from workers.text_tasks import analyze_text, default_text, generate_text, translate_text

TASKS = {
    "translate": translate_text,
    "analyze": analyze_text,
    "generate": generate_text,
    "default": default_text,
}
BEGINNINGS = {
    "translate": "🌍 Translated: 'hello' → 'hola'",
    "analyze": "📊 Analysis of 'hello':\n• Characters: 5\n• Words: 1\n• Vowels: 2\n• Consonants: 3",
    "generate": "🤖 AI Response to 'hello':\n",
    "default": "✅ Processed: HELLO",
}
every_type = pytest.mark.parametrize("kind", list(TASKS))


def record_of(job_id: str) -> JobRecord:
    """Return the record of an existing job."""
    record = fetch_job(job_id)
    assert record is not None
    return record


@every_type
@pytest.mark.usefixtures("settings")
def test_a_text_task_gives_the_documented_text_at_once(kind: str) -> None:
    started = own_seconds()
    result = TASKS[kind]("hello")
    assert own_seconds() - started < 0.5
    assert result.pop("result").startswith(BEGINNINGS[kind])
    engines = {"translate": "phrases", "generate": "keywords"}
    assert result == {
        "status": "completed",
        "job_id": None,
        "type": kind,
        "engine": engines.get(kind, "built-in"),
    }


@every_type
@pytest.mark.parametrize("content", ["", "  ", "x" * 10_001, "a\x00", "\ud83d", None, 5])
@pytest.mark.usefixtures("settings")
def test_an_invalid_text_is_rejected_by_the_task(kind: str, content: str) -> None:
    with pytest.raises(InvalidInput):
        TASKS[kind](content)


@pytest.mark.usefixtures("broker")
@every_type
def test_the_result_of_a_queued_text_names_its_job(kind: str, run_jobs: Callable[[], None]) -> None:
    job = submit(f"workers.text_tasks.{kind}_text", ["hello"], options=JobOptions(id_prefix=kind))
    assert job.id.startswith(f"{kind}_")
    run_jobs()
    record = record_of(job.id)
    assert (record.status, record.result["status"], record.result["job_id"]) == (
        "finished",
        "completed",
        job.id,
    )
    assert record.result["result"].startswith(BEGINNINGS[kind])


def test_a_timestamp_is_added_if_configured(settings: Settings) -> None:
    use_settings(settings.with_values(result_timestamps=True))
    result = default_text("hello")
    moment = datetime.fromisoformat(result["timestamp"])
    assert moment.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=5)
    assert result["result"] == f"[{moment:%H:%M:%S}] ✅ Processed: HELLO"


def test_a_demonstration_is_slow_and_reports_progress(
    start_worker: Callable[..., WorkerProcess],
) -> None:
    worker = start_worker(DEMO_DELAYS="1")
    job = enqueue_background_job("workers.text_tasks.default_text", "hello")
    until(
        lambda: 0 < (record_of(job.id).progress or {}).get("percent", 0) < 100,
        what="progress half way",
    )
    until(lambda: record_of(job.id).status == "finished", what="the end of the job")
    record = record_of(job.id)
    assert record.ended_at is not None
    assert record.started_at is not None
    took = (record.ended_at - record.started_at).total_seconds()
    assert 0.9 < took < 5
    assert (record.progress or {})["percent"] == 100
    until(lambda: "Job complete: default" in worker.output(), what="the line in the log")
    assert "Job started: default" in worker.output()


def test_the_seconds_of_a_demonstration_follow_the_type(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: dict[str, float] = dict.fromkeys(TASKS, 0.0)
    use_settings(settings.with_values(demo_delays=True))
    for kind, task in TASKS.items():
        pauses: list[float] = []
        monkeypatch.setattr("libraries.texts.pacing.time.sleep", pauses.append)
        task("hello")
        slept[kind] = round(sum(pauses), 3)
    assert slept == {"default": 1.0, "translate": 2.0, "analyze": 3.0, "generate": 4.0}


def test_an_answer_too_long_for_the_record_is_a_file(
    settings: Settings, run_jobs: Callable[[], None]
) -> None:
    content = "\N{GRINNING FACE}" * 10_000
    job = enqueue_background_job("workers.text_tasks.translate_text", content)
    run_jobs()
    record = record_of(job.id)
    assert record.status == "finished"
    assert record.result["file"].endswith(f"/output/texts/{job.id}/translate.txt")
    whole = (settings.storage.output_dir / record.artifacts[0]["name"]).read_text()
    assert whole == f"🌍 Translated: '{content}' → '[TRANSLATED: {content}]'"
    assert record.result["result"] == f"{whole[:500]}…"


def test_a_failed_call_of_a_model_is_retried(start_worker: Callable[..., WorkerProcess]) -> None:
    with model_server((503, {}), (200, reply("Lines."))) as server:
        start_worker(TEXT_MODEL_URL=server.url)
        job = submit(
            "workers.text_tasks.generate_text", ["hello"], options=JobOptions(retry_pause=0.01)
        )
        until(lambda: record_of(job.id).status == "finished", what="the second attempt")
    assert record_of(job.id).result["result"] == "🤖 AI Response to 'hello':\nLines."
    assert len(server.requests) == 2


@pytest.mark.usefixtures("broker")
def test_a_rejected_text_fails_at_once_with_its_code(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.text_tasks.translate_text", " ")
    run_jobs()
    record = record_of(job.id)
    assert (record.status, record.error_code) == ("failed", "empty-content")
