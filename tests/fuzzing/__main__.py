"""`python -m tests.fuzzing`: send generated requests to a running service, with and without API keys.

Arguments are passed to `schemathesis run`, such as `--max-examples 200` or `--include-path /jobs`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.conftest import environ_in
from tests.journeys.conftest import Service

KEY = "key-of-the-generated-requests"
SETTINGS = {
    # Generated messages must not be sent to anybody.
    "SMTP_URL": "",
    "ADMIN_EMAIL": "admin@example.com",
    "MAIL_PER_HOUR": "1000000",
    "WORKERS": "2",
    "LOG_LEVEL": "ERROR",
}


def fuzz(arguments: list[str], *, with_key: bool) -> int:
    """Run Schemathesis against a service of its own; return its exit code."""
    home = Path(tempfile.mkdtemp(prefix="va-fuzz-"))
    keys = {"API_KEYS": f"ann:{sha256(KEY.encode()).hexdigest()}"} if with_key else {}
    service = Service(environ_in(home) | SETTINGS | keys, home / "service.log")
    try:
        service.wait_until_drawn()
        options = ["--header", f"X-API-Key:{KEY}"] if with_key else []
        command = [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml")), "run"),
            *(f"{service.url}/openapi.json", *options, *arguments),
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzzing.checks"}
        return subprocess.run(command, env=os.environ | hooks, check=False).returncode
    finally:
        service.stop(seconds=60)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(max([fuzz(sys.argv[1:], with_key=with_key) for with_key in (False, True)]))
