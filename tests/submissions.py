"""A request for every route that submits, and for every operation."""

from __future__ import annotations

import json
from typing import Any

from tests.photographs import encoded, landscape

PAGE = {"width": 50, "height": 50}
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
# Rows for the data routes.
DATA_FILE, DATA = "data.csv", "day,price\n1,2\n2,3\n"
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M1,1 L9,9"/></svg>'
# By operation.
BODIES: dict[str, dict[str, Any]] = {
    "artboard": {**PAGE, "pattern": "grid"},
    "postcard": CARD,
    "email": {
        "recipient": "ann@example.com",
        "subject": "Ready",
        "template": "order_complete",
        "context": {"name": "Ann", "order": "A-17"},
    },
    "contact": {"name": "Ann", "email": "ann@example.com", "message": "Hello"},
    "convert": {"file_path": DATA_FILE, "format": "json"},
    "chart": {"file_path": DATA_FILE, "chart": "line", "x": "day", "y": ["price"]},
    "file_batch": {"file_list": [DATA_FILE], "operation": "convert_to_json"},
    "photo": {"url": "https://example.com/cat.jpg"},
    "photo_plot": {"photo": "https://example.com/cat.jpg", **PAGE},
    "plot": {"svg": DRAWING},
    "plot_quote": {"svg": DRAWING},
    "plot_comparison": {"before": DATA_FILE, "after": DATA_FILE},
    "example_task": {},
    "gallery_reindex": {},
    "translate": {"content": "hello"},
    "analyze": {"content": "hello"},
    "generate": {"content": "hello"},
    "image": {"content": "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs="},
    "default": {"content": "hello"},
}
# By view function: the URL, and the body if it is JSON.
ROUTES: dict[str, tuple[str, dict[str, Any] | None]] = {
    "create_artboard": ("/artboard/create", BODIES["artboard"]),
    "create_postcard": ("/postcards", BODIES["postcard"]),
    "send_email": ("/emails", BODIES["email"]),
    "send_contact_message": ("/contact", BODIES["contact"]),
    "process_data": ("/data/process", BODIES["convert"]),
    "chart_data": ("/data/chart", BODIES["chart"]),
    "process_files": ("/files/batch", BODIES["file_batch"]),
    "store_photo": ("/photos", BODIES["photo"]),
    "plot_photo": ("/photos/plot", BODIES["photo_plot"]),
    "create_plot": ("/plots", BODIES["plot"]),
    "quote_plot": ("/plots/quote", BODIES["plot_quote"]),
    "compare_plots": ("/plots/compare", BODIES["plot_comparison"]),
    "start_task": ("/start-task", {}),
    "reindex_gallery": ("/gallery/reindex", {}),
    "create_text": ("/texts", BODIES["translate"]),
    "create_job": ("/jobs", {"task": "workers.svg_tasks.generate_postcard_svg", "kwargs": CARD}),
    "create_sweep": ("/sweeps", {**PAGE, "pattern": "grid", "seeds": [1, 2]}),
    "create_batch": ("/batches", {"operation": "postcard", "items": [CARD, CARD]}),
    "upload_file": ("/uploads", None),
}
SEVERAL = {"create_sweep", "create_batch"}


def request_of(name: str, **options: Any) -> dict[str, Any]:
    """Return the arguments of a test client's request to a route: a JSON body or a form."""
    body = ROUTES[name][1]
    if body is not None:
        return {"json": body | options}
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in options.items()
    }
    picture = encoded(landscape(), "PNG")
    boundary = "edge-of-the-form"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in texts.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="hills.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    data = b"".join([*parts, head.encode(), picture, f"\r\n--{boundary}--\r\n".encode()])
    return {"data": data, "content_type": f"multipart/form-data; boundary={boundary}"}
