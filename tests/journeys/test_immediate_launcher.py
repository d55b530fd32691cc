"""`IMMEDIATE=1 python start_dev.py`: the whole service in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import until
from tests.journeys.conftest import Service


def test_in_immediate_mode_the_launcher_starts_the_web_process_alone_and_it_draws(
    start_service: Callable[..., Service],
) -> None:
    service = start_service(IMMEDIATE="1")
    assert set(service.pids()) == {"gunicorn"}
    assert "First artboard: finished" in service.output()
    assert "<svg" in service.draw(pattern="grid")
    # The broker stores nothing there; the gallery index is created when the drawing ends.
    kept = Path(service.environ["DATA_DIR"]).rglob("*")
    assert {path.name.partition(".")[0] for path in kept} <= {"gallery", "web"}
    family = service.family()
    assert service.stop() == 0
    until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in family),
        what="the end of all processes",
    )
