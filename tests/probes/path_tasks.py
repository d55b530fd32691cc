"""Tasks that write files with plain Python and return their paths."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from libraries.settings import StorageSettings
from libraries.storage import output_folder

TRIES = 1


# As the first users wrote it, before there was a store.
def generate_postcard_svg(recipient, message, template_name):  # type: ignore[no-untyped-def]
    """Generate a postcard with custom message"""
    import os

    from libraries.svg_builder import SVGBuilder

    svg = SVGBuilder(210, 148)  # A6 postcard size

    # Add template design and message
    if template_name == "birthday":
        # Add birthday decorations
        pass

    svg.hershey_text(105, 74, message, 0.5)

    # Save and return path
    filename = f"postcard_{recipient}_{template_name}.svg"
    output_path = os.path.join("output", "postcards", filename)  # noqa: PTH118

    with open(output_path, "w") as f:  # noqa: PTH123
        f.write(svg.to_string())

    return output_path


def give_back(value: Any) -> Any:
    """Return a value."""
    return value


def write_and_give_back(text: str, path: str, result: Any) -> Any:
    """Write a file at a path, and return another value."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return result


def write_into_the_output_folder(name: str, text: str) -> Path:
    """Write below OUTPUT_DIR without the store, and return the path."""
    path = StorageSettings.current().output_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def publish(name: str, text: str) -> str:
    """Store a file without attaching it, and return its path."""
    return output_folder().publish(name, text).path


def publish_and_name(name: str, text: str) -> list[Any]:
    """Store a file, and return its readable name and its path in a dictionary."""
    path = output_folder().publish(name, text).path
    return [f"output/{name}", {"path": path, "again": f"output/{name}"}]


def publish_for_all(name: str, text: str) -> None:
    """Store a file without attaching it or returning its path."""
    output_folder().publish(name, text)


def publish_and_die(name: str) -> None:
    """Store a file without attaching it, and kill the process."""
    output_folder().publish(name, "half")
    os.kill(os.getpid(), signal.SIGKILL)


def publish_and_fail(name: str) -> None:
    """Store a file without attaching it, and fail."""
    output_folder().publish(name, "half")
    raise ValueError(name)


def make_link(target: str) -> str:
    """Return the path of a symbolic link."""
    Path("output/link.svg").symlink_to(target)
    return "output/link.svg"


def make_hard_link(target: str) -> str:
    """Return the path of a hard link."""
    os.link(target, "output/link.svg")
    return "output/link.svg"


def pass_through_a_link(target: str) -> str:
    """Return a path that leads through a link to a folder."""
    Path("output/away").symlink_to(Path(target).parent)
    return f"output/away/{Path(target).name}"


def make_many(count: int) -> list[str]:
    """Return that many paths."""
    return [f"output/{number}.txt" for number in range(count)]


def write_two() -> list[Path]:
    """Return the paths of two files of the same name."""
    paths = [Path("output/one/same.txt"), Path("output/two/same.txt")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    return paths


def leave_a_surrogate() -> dict[str, str]:
    """Return text that is not Unicode."""
    return {"text": "\ud800"}
