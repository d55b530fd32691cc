"""Python processes of tests, forked from a process that has already imported the product.

An import of the worker or of the web application takes most of the processor time of a short test. A template
imports both once for each test process, with all tasks and all components; its children run the same code with a
new environment, folder, output and exit code.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from libraries.job_manager.tasks import task_modules
from libraries.settings import SETTINGS

REPOSITORY = Path(__file__).parent.parent
PRODUCT = (
    "start_dev",
    "workers.__main__",
    "app",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "libraries.worker.reaper",
)
LARGEST_MESSAGE = 1 << 16
ROOM_FOR_ENVIRON = 1 << 15
# What the product imports only when it is needed; an import of SciPy takes longer than most jobs.
IMPORTED_LATE = (
    "libraries.gallery.databases",
    "sqlalchemy.dialects.sqlite",
    "scipy.sparse.csgraph",
    "scipy.spatial",
)


class ForkedProcess:
    """A child of a template, with the members of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, template: _Template) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._template = template
        self._descriptor = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, None while the process runs."""
        if self.returncode is None and select.select([self._descriptor], [], [], 0)[0]:
            self.returncode = self._template.exit_code(self.pid)
            os.close(self._descriptor)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None and not select.select([self._descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._descriptor, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Template:
    """A process with the imported product, which forks on request and reports exit codes."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Without the folders of the first test: fault tests find the processes of a test by its folder.
        settings = {row.name for row in SETTINGS}
        kept = {name: value for name, value in os.environ.items() if name not in settings}
        code = f"from tests.forked import serve; serve({theirs.fileno()})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env=kept
            | {
                "PYTHONPATH": str(REPOSITORY),
                "PYTHONUNBUFFERED": "1",
                "ROOM": "." * ROOM_FOR_ENVIRON,
            },
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._exit_codes: dict[int, int] = {}

    def start(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        output: BinaryIO,
        errors: BinaryIO,
    ) -> ForkedProcess:
        request = {"arguments": list(arguments), "environ": dict(environ), "folder": str(folder)}
        streams = [output.fileno(), errors.fileno()]
        socket.send_fds(self._socket, [json.dumps(request).encode()], streams)
        while True:
            message = self._receive()
            if "started" in message:
                return ForkedProcess(message["started"], self)

    def exit_code(self, pid: int) -> int:
        while pid not in self._exit_codes:
            self._receive()
        return self._exit_codes.pop(pid)

    def _receive(self) -> dict[str, int]:
        data = self._socket.recv(LARGEST_MESSAGE)
        if not data:
            raise RuntimeError("the template process has ended")
        message: dict[str, int] = json.loads(data)
        if "ended" in message:
            self._exit_codes[message["ended"]] = message["code"]
        return message

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _template() -> _Template:
    """Start the template of this process when it is first needed."""
    template = _Template()
    atexit.register(template.close)
    return template


def start_python(
    *arguments: str,
    environ: Mapping[str, str],
    output: BinaryIO,
    errors: BinaryIO | None = None,
    folder: Path = REPOSITORY,
    forked: bool = True,
) -> ForkedProcess | subprocess.Popen[bytes]:
    """Run `python ARGUMENTS`, which begin with `-c CODE` or `-m MODULE`; in a new interpreter unless `forked`."""
    if not forked:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=environ,
            cwd=folder,
            stdout=output,
            stderr=errors or output,
        )
    return _template().start(arguments, environ, folder, output, errors or output)


def run_python(
    *arguments: str,
    environ: Mapping[str, str],
    folder: Path = REPOSITORY,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in a forked process until it ends, and return what it printed."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = start_python(
            *arguments, environ=environ, output=output, errors=errors, folder=folder
        )
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        for file in (output, errors):
            file.seek(0)
        return subprocess.CompletedProcess(
            [*arguments], code, output.read().decode(), errors.read().decode()
        )


def serve(number: int) -> None:
    """Fork a child for each request until the test process ends. In a child, run its program."""
    # During the imports it would find nothing to free.
    gc.disable()
    _import_product()
    assert threading.active_count() == 1, "a fork would copy only this thread"
    gc.freeze()
    gc.enable()
    connection = socket.socket(fileno=number)
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ, 0)
        while True:
            for key, _ in selector.select():
                if key.data:
                    _report_end(connection, selector, key)
                    continue
                data, descriptors, *_ = socket.recv_fds(connection, LARGEST_MESSAGE, 2)
                if not data:
                    return
                pid = os.fork()
                if pid == 0:
                    break
                for descriptor in descriptors:
                    os.close(descriptor)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
                connection.send(json.dumps({"started": pid}).encode())
            else:
                continue
            break
        for one in list(selector.get_map().values()):
            os.close(one.fd)
    connection.detach()
    _run(json.loads(data), descriptors)


def import_late() -> None:
    """Import here what jobs would import in each work-horse that this process forks."""
    for module in IMPORTED_LATE:
        import_module(module)


def _import_product() -> None:
    """Import the product, and what a worker or a web process imports by name when it starts."""
    for module in PRODUCT:
        import_module(module)
    for module in (*task_modules(), *sys.modules["app"].component_names()):
        import_module(module)
    import_late()


def _report_end(
    connection: socket.socket, selector: selectors.BaseSelector, key: selectors.SelectorKey
) -> None:
    _, status = os.waitpid(key.data, 0)
    selector.unregister(key.fd)
    os.close(key.fd)
    ended = {"ended": key.data, "code": os.waitstatus_to_exitcode(status)}
    connection.send(json.dumps(ended).encode())


def _run(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Become the requested process, as far as a new interpreter would."""
    for stream, descriptor in enumerate(streams, start=1):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    _show_environ()
    option, program, *arguments = request["arguments"]
    if option == "-m":
        is_package = hasattr(import_module(program), "__path__")
        module = f"{program}.__main__" if is_package else program
        sys.modules.pop(module, None)
        sys.argv = [program, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    assert option == "-c"
    main = sys.modules["__main__"] = ModuleType("__main__")
    sys.argv = [option, *arguments]
    exec(compile(program, "<string>", "exec"), main.__dict__)  # noqa: S102 - as python -c does


def _show_environ() -> None:
    """Write the environment to where `/proc/PID/environ` is read from, by which tests find processes."""
    # The last fields: arg_start, arg_end, env_start, env_end and exit_code.
    *_, start, end, _ = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[1:])
    shown = b"".join(b"%b=%b\0" % pair for pair in os.environb.items())
    assert len(shown) <= end - start, "more room is needed"
    # The C library has copied all variables, because they were set anew.
    ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)
