"""Tasks that optimise drawings for the pen, and compare them."""

from __future__ import annotations

import gzip
import json

from libraries.errors import InvalidInput
from libraries.geometry.document import Document
from libraries.job_manager import attach, report_progress
from libraries.json_types import JsonObject
from libraries.plotting import without_penalties
from libraries.sheets.planned import reported
from libraries.sheets.plot_stats import off_page_note
from libraries.sheets.plots import PlotOptions, Plotted, compare, plot_document
from libraries.sheets.sources import read_source
from libraries.storage import check_name, output_folder
from libraries.svg_builder import svg_blocks
from libraries.svg_reader import Reading
from libraries.uploads.staging import open_staged
from libraries.vector_input import read


def plot_drawing(
    output_filename: str,
    *,
    source: str = "",
    svg: str = "",
    upload: str = "",
    name: str = "",
    plot: JsonObject | None = None,
) -> JsonObject:
    """Optimise a drawing, and store the plot and the drawing as it was read.

    The result has `path`, `input_path`, the statistics `before` and `after`, the `certificate`, and
    the `problems`: what of the file was left out, hidden, cut or changed, with kinds, counts, and
    the lines of the first places.

    Args:
        output_filename: name of the plot in the output folder.
        source: the id of the job that drew it, or its path; or one of the next two.
        svg: the drawing as SVG.
        upload: the id of a staged upload of any format of `libraries.vector_input`.
        name: the name of the uploaded file, which helps to recognise its format.
        plot: members of `POST /plots`, such as `effort` and `page`.
    """
    check_name(output_filename, field="output_filename")
    reading, plotted = _plotted(source, svg, upload, name, plot)
    stem = output_filename.rpartition(".")[0]
    store = output_folder()
    summary = without_penalties(plotted.certificate)
    plotted.document.metadata["certificate"] = summary
    path = attach(
        store.publish(output_filename, svg_blocks(plotted.document, encoding="plain")),
        plot=plotted.after,
        certificate=summary,
        problems=[*reading.problems, *plotted.problems],
    )
    proof = json.dumps(plotted.certificate, separators=(",", ":")).encode()
    attach(store.publish(f"{stem}-certificate.json", proof))
    # Compressed, so that it is no drawing of the gallery.
    given = store.publish(f"{stem}-input.svg.gz", compressed(plotted.given))
    report_progress(100, 100, f"stored{off_page_note(plotted.problems + reading.problems)}")
    return {"path": path, "input_path": attach(given), **_record(reading, plotted)}


def compressed(document: Document) -> bytes:
    """Return a document as an SVG in gzip format, the same bytes for the same document."""
    return gzip.compress(b"".join(svg_blocks(document, encoding="plain")), mtime=0)


def quote_plot(
    *,
    source: str = "",
    svg: str = "",
    upload: str = "",
    name: str = "",
    plot: JsonObject | None = None,
) -> JsonObject:
    """Return the costs of a plot, as `plot_drawing`, without storing a file."""
    return _record(*_plotted(source, svg, upload, name, plot))


def compare_drawings(before: str, after: str) -> JsonObject:
    """Compare two drawings by the ids of their jobs or by their paths.

    The result has the `ink` that is `lost` and `gained`, as shares of the inked pixels of `before`,
    and the statistics `before` and `after`.
    """
    return compare(*(read(read_source(one), one).document for one in (before, after)))


def _plotted(
    source: str, svg: str, upload: str, name: str, plot: JsonObject | None
) -> tuple[Reading, Plotted]:
    options = PlotOptions.load(plot or {})
    report_progress(0, 100, "reading")
    if svg:
        reading = read(svg.encode("utf-8", "surrogatepass"), "drawing.svg", options)
    else:
        data = b"".join(open_staged(upload)) if upload else read_source(source)
        reading = read(data, name or source, options)
    if not len(reading.document):
        kinds = ", ".join(f"{one['kind']} ({one['count']})" for one in reading.problems)
        raise InvalidInput(
            f"the drawing has no strokes that are visible: {kinds}",
            code="empty-drawing",
            field="svg" if svg else "file",
        )
    return reading, plot_document(reading.document, options, reported(50, 100))


def _record(reading: Reading, plotted: Plotted) -> JsonObject:
    return {
        "before": plotted.before,
        "after": plotted.after,
        "certificate": without_penalties(plotted.certificate),
        "problems": [*reading.problems, *plotted.problems],
    }
