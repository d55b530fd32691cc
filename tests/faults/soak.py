"""`python -m tests.faults.soak [--only F1 ...] [--minutes 30]`: the faults and loads at full length.

Each row of the printed table has a separate broker, workers and folders. The exit code is 1 if a row misses
its limit.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from redis import Redis

import workers
from libraries.broker.connections import web_client, worker_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import submit
from libraries.settings import SETTINGS, Settings, read_settings, use_settings
from tests.conftest import PROBES, REPOSITORY
from tests.faults.crowd import Sockets
from tests.faults.fleet import Fleet
from tests.faults.load import Measured, Request, percentile, steady_load
from tests.faults.mixed import everything_at_once
from tests.faults.odd_svgs import read_mutated
from tests.faults.storms import (
    MOST_RUNS,
    QUEUED,
    Outcome,
    Site,
    broker_kills,
    broker_outage,
    kill_broker,
    kill_storm,
    rolling_restarts,
)
from tests.faults.trail import all_done, queue, report, states
from tests.faults.web_loads import polls, requests_among_stalled_ones, submissions
from tests.test_app_server import Server
from tests.watchful import watchful_client


class Row(NamedTuple):
    """One line of the table."""

    fault: str
    pass_number: str
    measured: str
    passed: bool


@dataclass
class Installation:
    """Folders, broker and settings of a row."""

    home: Path
    environ: dict[str, str]
    settings: Settings
    broker: EmbeddedBroker
    client: Redis

    @contextlib.contextmanager
    def site(self, size: int) -> Iterator[Site]:
        """Return a site with `size` workers."""
        fleet = Fleet(self.environ, self.home, size)
        try:
            yield Site(
                self.broker,
                self.client,
                fleet,
                self.settings.storage.output_dir,
                self.home / "ledger",
            )
        finally:
            fleet.close()

    @contextlib.contextmanager
    def web(self) -> Iterator[Server]:
        """Start the web process."""
        server = Server(self.environ | {"LOG_LEVEL": "WARNING"}, self.home)
        try:
            # The port listens before the application is loaded, which is not part of the measurement.
            server.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            yield server
        finally:
            server.process.terminate()
            server.process.wait()


@contextlib.contextmanager
def installation(**more: str) -> Iterator[tuple[Path, dict[str, str], Settings]]:
    """Folders, environment and settings of a fresh installation; `more` are further settings."""
    home = Path(tempfile.mkdtemp(prefix="va-soak-"))
    ours = {"DATA_DIR": str(home / "data"), "OUTPUT_DIR": str(home / "output")} | more
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {row.name for row in SETTINGS}
    }
    environ = kept | ours | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    os.environ.update(ours)
    try:
        yield home, environ, use_settings(read_settings(None))
    finally:
        for name in ours:
            os.environ.pop(name, None)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def started_installation(**more: str) -> Iterator[Installation]:
    """A fresh installation with a running broker."""
    with installation(**more) as (home, environ, settings):
        broker = EmbeddedBroker(settings)
        broker.keep()
        broker.start()
        workers.__path__.append(str(PROBES))
        client = worker_client(settings)
        try:
            yield Installation(home, environ, settings, broker, client)
        finally:
            client.close()
            web_client(settings).close()
            broker.stop()
            workers.__path__.remove(str(PROBES))


def nothing_lost(outcome: Outcome, jobs: int) -> bool:
    """Return whether every job has finished with a complete file, and no list has entries left."""
    return (outcome.ends, outcome.never, outcome.torn, outcome.left) == (
        {"finished": jobs},
        0,
        [],
        (0, 0, 0),
    )


def f1(rng: random.Random, minutes: float) -> Row:
    """A kill every two seconds for a minute, 2,000 jobs."""
    with started_installation() as here, here.site(3) as site:
        outcome = kill_storm(site, rng, jobs=2000, seconds=60, every=2, work=0.1)
    passed = (
        nothing_lost(outcome, 2000) and outcome.settled <= 30 and outcome.most_runs <= MOST_RUNS
    )
    return Row(
        "F1 kill storm",
        "0 lost, 0 torn, all ended <= 30 s after the last kill",
        outcome.summary,
        passed,
    )


def f5(rng: random.Random, minutes: float) -> Row:
    """Fifty rolling restarts, 1,500 jobs."""
    with started_installation() as here, here.site(3) as site:
        outcome = rolling_restarts(site, rng, jobs=1500, restarts=50, work=0.07)
    passed = (
        nothing_lost(outcome, 1500)
        and outcome.settled <= 12
        and outcome.exits == {0: 50}
        and outcome.twice == 0
    )
    return Row(
        "F5 rolling restarts",
        "0 failed, 0 stranded <= 12 s after, every exit 0",
        outcome.summary,
        passed,
    )


def f6(rng: random.Random, minutes: float) -> Row:
    """The broker killed three times, 1,000 jobs."""
    with started_installation() as here, here.site(3) as site:
        outcome = broker_kills(site, jobs=1000, kills=3, down=1.0, work=0.05)
    passed = (
        nothing_lost(outcome, 1000)
        and outcome.settled <= 30
        and not outcome.exits
        and outcome.twice <= 9
    )
    return Row(
        "F6 broker killed",
        "0 lost, ended <= 30 s, <= 1 run twice per worker and kill",
        outcome.summary,
        passed,
    )


def f8(rng: random.Random, minutes: float) -> Row:
    """The broker down for 25 seconds."""
    with started_installation() as here, here.site(2) as site:
        outage = broker_outage(site, watchful_client(here.settings), down=25)
    passed = (
        outage.retry_after
        and outage.slowest_refusal < 1
        and outage.drawn == outage.refused
        and outage.not_ready_after <= 2
        and outage.first_job <= 5
        and outage.meanwhile <= 30
        and not outage.endings
    )
    return Row(
        "F8 broker down 25 s",
        "503 < 1 s, not ready <= 2 s, work resumes <= 5 s",
        outage.summary,
        passed,
    )


def l2(rng: random.Random, minutes: float) -> Row:
    """A queue of 100,000 jobs."""
    number = 100_000
    with started_installation(MAX_QUEUE=str(2 * number)) as here, here.web() as server:
        empty = here.client.info("memory")["used_memory"]
        started_at = time.monotonic()
        ids = [submit("workers.probe_tasks.nothing").id for _ in range(number)]
        rate = number / (time.monotonic() - started_at)
        each = (here.client.info("memory")["used_memory"] - empty) / number
        polls = steady_load(
            server.port,
            lambda n, _: Request("GET", f"/jobs/{rng.choice(ids)}"),
            rate=50,
            seconds=20,
        )
        back = time.monotonic()
        kill_broker(here.broker, 0.0)
        ready = time.monotonic() - back
        kept = here.client.llen("rq:queue:background")
    p99 = polls.percentile(0.99)
    measured = f"{rate:.0f} queued/s; {each:.0f} B a job; {polls.summary}; ready {ready:.1f} s after a kill with {kept} jobs"
    passed = rate >= 2000 and each <= 1500 and p99 < 0.05 and ready <= 10 and kept == number
    return Row(
        "L2 100,000 queued",
        ">= 2,000/s, <= 1.5 kB a job, GET p99 < 50 ms, restart <= 10 s",
        measured,
        passed,
    )


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def open_files(pid: int) -> int:
    """Return the number of open descriptors of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def l4(rng: random.Random, minutes: float) -> Row:
    """Three hundred WebSockets for ten minutes, and one over the limit."""
    with (
        started_installation(MAX_STREAMS="300") as here,
        here.web() as server,
        Sockets(server.port, 300) as sockets,
    ):
        ids = [queue(here.client, "probe_tasks.nothing") for _ in range(100)]
        refused = steady_load(
            server.port, lambda n, _: Request("GET", f"/jobs/{ids[0]}/events"), rate=10, seconds=1
        )
        load = steady_load(
            server.port, lambda n, _: Request("GET", f"/jobs/{ids[n % 100]}"), rate=50, seconds=600
        )
        memory, alive = resident(web_process(server.process.pid)), sockets.alive
    measured = f"{alive} alive, {sockets.replies} replies on them; {load.summary}; {memory:.0f} MB; one more: {dict(refused.statuses)}"
    passed = (
        alive == 300
        and load.percentile(0.99) < 0.1
        and memory < 200
        and set(refused.statuses) == {503}
    )
    return Row(
        "L4 300 sockets, 10 min",
        "all alive, GET p99 < 100 ms, < 200 MB, the next gets 503",
        measured,
        passed,
    )


def l6(rng: random.Random, minutes: float) -> Row:
    """Memory over 10,000 jobs and 20,000 requests."""
    with started_installation(RESULT_TTL="30s") as here, here.site(1) as site, here.web() as server:
        pids = {"worker": site.fleet.workers[0].process.pid, "web": web_process(server.process.pid)}

        def work(jobs: int) -> None:
            ids = [queue(here.client, "probe_tasks.nothing") for _ in range(jobs)]
            while not all_done(here.client, ids):
                time.sleep(0.05)
            steady_load(
                server.port,
                lambda n, _: Request("GET", f"/jobs/{ids[n % jobs]}"),
                rate=400,
                seconds=jobs / 200,
            )

        def forgotten() -> int:
            """Wait until every record has expired, and return what the broker uses once its tables have shrunk."""
            deadline = time.monotonic() + 120
            while (
                next(here.client.scan_iter("rq:job:*", count=1000), None)
                and time.monotonic() < deadline
            ):
                time.sleep(1)
            time.sleep(10)
            return int(here.client.info("memory")["used_memory"])

        # With the scripts, connections and tables of a busy service.
        work(200)
        start = forgotten()
        work(1000)
        before = {name: (resident(pid), open_files(pid)) for name, pid in pids.items()}
        for _ in range(9):
            work(1000)
        after = {name: (resident(pid), open_files(pid)) for name, pid in pids.items()}
        grown = {name: after[name][0] - before[name][0] for name in pids}
        files = {name: after[name][1] - before[name][1] for name in pids}
        left = forgotten()
    measured = (
        f"worker {grown['worker']:+.1f} MB and {files['worker']:+d} descriptors, web {grown['web']:+.1f} MB and "
        f"{files['web']:+d} descriptors, broker {100 * left / start - 100:+.0f} % of its start, or "
        f"{(left - start) / 10_000:.0f} bytes a job, after all results expired"
    )
    passed = (
        grown["worker"] < 10
        and grown["web"] < 20
        and max(map(abs, files.values())) <= 20
        and left <= 1.1 * start
    )
    return Row(
        "L6 memory", "worker < +10 MB, web < +20 MB, broker within 10 % after TTL", measured, passed
    )


def web_process(pid: int) -> int:
    """Return the gunicorn process that serves connections."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def l8(rng: random.Random, minutes: float) -> Row:
    """Everything at once for a long time, with one kill a minute."""
    with (
        started_installation(MAX_QUEUE="1000000") as here,
        here.site(2) as site,
        here.web() as server,
        Sockets(server.port, 20) as sockets,
    ):
        total = Measured()
        held = [resident(web_process(server.process.pid))]
        for minute in range(max(1, int(minutes))):
            site.fleet.kill(rng.randrange(2), horse_only=minute % 3 == 2)
            for _ in range(6):
                site.fleet.tend()
                part = steady_load(
                    server.port, lambda n, so_far: _mixed(n, total, rng), rate=70, seconds=10
                )
                total.seconds += part.seconds
                total.statuses += part.statuses
                total.ids += part.ids
            held.append(resident(web_process(server.process.pid)))
        deadline = time.monotonic() + 60
        while not all_done(here.client, total.ids) and time.monotonic() < deadline:
            site.fleet.tend()
            time.sleep(0.1)
        ends, alive = states(here.client, total.ids), sockets.alive
    errors = sum(
        number for status, number in total.statuses.items() if status == 0 or status >= 500
    )
    growth = held[-1] - held[min(2, len(held) - 1)]
    measured = f"{dict(ends)}; {total.summary}; {errors} errors; web {growth:+.1f} MB; {len(site.fleet.endings)} workers replaced; "
    measured += f"{alive} of 20 sockets alive"
    passed = (
        alive == 20
        and ends == {"finished": len(total.ids)}
        and errors < len(total.seconds) / 1000
        and growth < 20
    )
    return Row(f"L8 {minutes:g} min", "0 lost, errors < 0.1 %, no growth", measured, passed)


def m1(rng: random.Random, minutes: float) -> Row:
    """All faults at once beside normal traffic; half as long as L8."""
    with installation() as (home, environ, settings):
        seen = everything_at_once(home, environ, settings, rng, 30 * minutes)
    broken = set(seen.statuses) - {200, 202, 204, 404, 503}
    passed = (
        percentile(seen.health, 0.99) < 0.25
        and seen.ends == {"finished": len(seen.ids)}
        and seen.growth <= 1.5
        and not broken
        and not seen.silent
        and not seen.left
    )
    return Row(
        f"M1 all faults, {minutes / 2:g} min",
        "health p99 < 250 ms, 0 lost, web <= 1.5 times its start",
        seen.summary,
        passed,
    )


def _mixed(number: int, so_far: Measured, rng: random.Random) -> Request:
    """Return requests of which two of seven queue a drawing and the others poll."""
    if number % 7 < 2 or not so_far.ids:
        return Request("POST", "/artboard/create", QUEUED | {"id": f"soak{rng.randrange(10**12)}"})
    return Request("GET", f"/jobs/{rng.choice(so_far.ids)}")


def l1(rng: random.Random, minutes: float) -> Row:
    """A hundred submissions a second."""
    with started_installation() as here, here.site(1), here.web() as server:
        measured = submissions(server, seconds=20)
        kept = states(here.client, measured.ids)
    passed = (
        set(measured.statuses) <= {200, 202}
        and measured.within(0.1)
        and set(kept) <= {"queued", "started", "finished"}
    )
    return Row("L1 100 submissions/s", "all accepted, p99 < 100 ms", measured.summary, passed)


def l3(rng: random.Random, minutes: float) -> Row:
    """Three hundred polls a second."""
    with started_installation() as here, here.web() as server:
        ids = [queue(here.client, "probe_tasks.nothing") for _ in range(1000)]
        measured = polls(server, ids, seconds=10)
    passed = set(measured.statuses) == {200, 304} and measured.within(0.1) and measured.cpu < 1
    return Row("L3 300 polls/s", "p99 < 100 ms, under one core", measured.summary, passed)


def l9(rng: random.Random, minutes: float) -> Row:
    """Requests next to a hundred that stall."""
    with started_installation() as here, here.web() as server:
        measured = requests_among_stalled_ones(server, stalled=100, seconds=20)
    passed = measured.statuses == {200: 400} and measured.within(0.5)
    return Row("L9 100 stalled", "all answered, p99 < 500 ms", measured.summary, passed)


def d1(rng: random.Random, minutes: float) -> Row:
    """The doctor on a machine where ten processes for each core are busy."""
    busy = [sys.executable, "-c", "while True: pass"]
    with started_installation() as here, here.site(1), here.web() as server:
        environ = here.environ | {"PORT": str(server.port)}
        others = [subprocess.Popen(busy) for _ in range(10 * (os.cpu_count() or 1))]
        try:
            reports = [_doctor(environ) for _ in range(3)]
        finally:
            for other in others:
                other.kill()
                other.wait()
    alarms = [line for lines in reports for line in lines if line.startswith("problem")]
    return Row("D1 doctor, busy machine", "no alarm", "; ".join(alarms) or "none", not alarms)


def _doctor(environ: dict[str, str]) -> list[str]:
    command = [sys.executable, "-m", "flask", "--app", "app", "doctor"]
    ended = subprocess.run(
        command, env=environ, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    lines = ended.stdout.splitlines()
    return lines or [f"problem: no report: {ended.stderr}"]


def s1(rng: random.Random, minutes: float) -> Row:
    """A minute of mutated SVGs."""
    outcome = read_mutated(rng, seconds=60)
    passed = not outcome.faults
    return Row("S1 mutated SVGs, 1 min", "read or rejected, each < 10 s", outcome.summary, passed)


ROWS: dict[str, Callable[[random.Random, float], Row]] = {
    "D1": d1, "F1": f1, "F5": f5, "F6": f6, "F8": f8, "L1": l1, "L2": l2, "L3": l3, "L4": l4, "L6": l6, "L8": l8, "L9": l9,
    "M1": m1, "S1": s1,
}  # fmt: skip


def main() -> int:
    """Run the rows and print the table; return 0 if all passed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.soak", description="Faults and loads at full length."
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=ROWS,
        default=list(ROWS),
        metavar="ROW",
        help=f"of {', '.join(ROWS)}",
    )
    parser.add_argument(
        "--minutes", type=float, default=30, help="length of L8, twice that of M1 (default 30)"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options = parser.parse_args()
    # Suppresses a log line per rejected request.
    logging.disable(logging.WARNING)
    report(f"seed {options.seed}\n\n| fault | pass | measured | |\n|---|---|---|---|")
    passed = True
    for name in options.only:
        row = ROWS[name](random.Random(options.seed), options.minutes)  # noqa: S311 - chooses what is killed when
        report(
            f"| {row.fault} | {row.pass_number} | {row.measured} | {'passed' if row.passed else 'MISSED'} |"
        )
        sys.stdout.flush()
        passed = passed and row.passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
