"""The drawing tasks, called directly and run by the real worker."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from defusedxml import ElementTree

from libraries.errors import InvalidInput
from libraries.job_manager import enqueue_background_job, fetch_job, get_job_status
from libraries.settings import Settings
from libraries.sheets.photos import PhotoPlot
from workers import image_tasks, svg_tasks


def test_a_pattern_is_drawn_to_a_file_and_its_path_is_returned(settings: Settings) -> None:
    path = svg_tasks.generate_complex_svg(200, 200, "spiral", "output.svg")
    assert path == str(settings.storage.output_dir / "output.svg")
    root = ElementTree.fromstring(Path(path).read_bytes())
    assert (root.get("width"), root.get("height")) == ("200mm", "200mm")


def test_a_pattern_takes_its_parameters(settings: Settings) -> None:
    plain = svg_tasks.generate_complex_svg(100, 100, "grid", "plain.svg")
    special = svg_tasks.generate_complex_svg(
        100, 100, "grid", "a/b.svg", {"spacing_x": 20}, seed=7, margin=20, pen_width=0.5
    )
    assert Path(special).read_text() != Path(plain).read_text()
    assert 'stroke-width="0.5"' in Path(special).read_text()


@pytest.mark.parametrize(
    "name",
    [
        "../x.svg",
        "/etc/x.svg",
        "a\0.svg",
        "a\n.svg",
        "CON",
        "",
        ".",
        "x/../../y.svg",
        "a" * 300,
        None,
        5,
    ],
)
def test_a_drawing_never_leaves_the_output_folder(settings: Settings, name: str) -> None:
    with pytest.raises(InvalidInput):
        svg_tasks.generate_complex_svg(100, 100, "spiral", name)
    assert not list(settings.storage.output_dir.parent.rglob("*.svg"))


def test_a_drawing_is_not_written_through_a_link(settings: Settings, tmp_path: Path) -> None:
    settings.storage.output_dir.mkdir(parents=True)
    (settings.storage.output_dir / "away").symlink_to(tmp_path)
    with pytest.raises(InvalidInput):
        svg_tasks.generate_complex_svg(100, 100, "spiral", "away/x.svg")
    assert not list(tmp_path.iterdir())


def test_a_bad_request_writes_nothing(settings: Settings) -> None:
    for arguments in ((-1, 100, "spiral"), (100, 100, "spirl"), (100, 100, "grid", {"spacing": 1})):
        with pytest.raises(InvalidInput):
            svg_tasks.generate_complex_svg(*arguments[:3], "x.svg", *arguments[3:])
    assert not settings.storage.output_dir.exists() or not list(
        settings.storage.output_dir.rglob("*.svg")
    )


def test_a_postcard_is_stored_under_its_recipient_and_template(settings: Settings) -> None:
    path = svg_tasks.generate_postcard_svg("John Doe", "Happy Birthday!", "birthday")
    assert path == str(settings.storage.output_dir / "postcards" / "postcard_John Doe_birthday.svg")
    root = ElementTree.fromstring(Path(path).read_bytes())
    assert (root.get("width"), root.get("height")) == ("210mm", "148mm")


def test_a_postcard_for_a_malicious_recipient_stays_in_its_folder(settings: Settings) -> None:
    path = Path(svg_tasks.generate_postcard_svg("../../../etc/passwd", "Hi", "plain"))
    assert path.parent == settings.storage.output_dir / "postcards"
    assert path.exists()


def test_every_task_is_a_short_function() -> None:
    for task in (svg_tasks.generate_complex_svg, svg_tasks.generate_postcard_svg):
        body = inspect.getsource(task).rpartition('"""')[2].strip().splitlines()
        assert len(body) < 15


def test_a_queued_pattern_is_drawn_by_the_worker_and_its_artifact_recorded(
    run_jobs: Callable[[], None],
) -> None:
    job = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg",
        width=210,
        height=297,
        pattern_type="spiral",
        output_filename="complex_spiral.svg",
    )
    run_jobs()
    status = get_job_status(job.id)
    assert (status["status"], status["error"]) == ("finished", None)
    assert status["result"].endswith("complex_spiral.svg")
    record = fetch_job(job.id)
    assert record is not None
    assert [(artifact["name"], artifact["media_type"]) for artifact in record.artifacts] == [
        (f"jobs/{job.id}/complex_spiral.svg", "image/svg+xml")
    ]
    assert record.progress is not None
    assert record.progress["percent"] == 100


def test_a_queued_postcard_is_drawn_and_an_invalid_one_fails_with_a_public_error(
    run_jobs: Callable[[], None],
) -> None:
    task = "workers.svg_tasks.generate_postcard_svg"
    good = enqueue_background_job(
        task, recipient="Zoë 日", message="Hi", template_name="birthday", job_timeout="2m"
    )
    bad = enqueue_background_job(
        task, recipient="John Doe", message="Hi", template_name="birthdey", job_timeout="2m"
    )
    run_jobs()
    assert get_job_status(good.id)["status"] == "finished"
    drawn, failed = fetch_job(good.id), fetch_job(bad.id)
    assert drawn is not None
    assert drawn.progress is not None
    assert drawn.progress["message"] == "stored; drawn as boxes: 日"
    assert drawn.artifacts[0]["missing_glyphs"] == ["日"]
    assert failed is not None
    assert (failed.status, failed.error_code) == ("failed", "unknown-template")
    assert "birthday" in str(failed.public_error)


def test_further_fields_of_an_artboard_are_members_of_one_argument(settings: Settings) -> None:
    with pytest.raises(InvalidInput, match="colour: Unknown field"):
        svg_tasks.generate_complex_svg(100, 100, "grid", "a.svg", artboard={"colour": "red"})
    with pytest.raises(InvalidInput, match=r"artboard\.seed: Is an argument"):
        svg_tasks.generate_complex_svg(100, 100, "grid", "a.svg", artboard={"seed": 1})
    with pytest.raises(InvalidInput, match="artboard: Must be an object"):
        svg_tasks.generate_complex_svg(100, 100, "grid", "a.svg", artboard=["seed"])  # type: ignore[arg-type]
    assert svg_tasks.generate_complex_svg(100, 100, "grid", "a.svg", artboard={})


def test_the_arguments_of_the_tasks_match_the_declared_fields() -> None:
    declared = {
        name for name, field in PhotoPlot.declared().items() if field.metadata.get("argument")
    }
    of_plot = set(inspect.signature(image_tasks.plot_photo).parameters)
    assert of_plot == declared | {"output_filename", "artboard"}
    of_board = set(inspect.signature(svg_tasks.generate_complex_svg).parameters)
    names = {"pattern_type" if name == "pattern" else name for name in declared}
    assert of_board == names - {"photo", "turn"} | {"output_filename", "artboard"}
