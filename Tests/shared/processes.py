"""The programs that tests and benchmarks run: each on a reserved port of loopback, in its own session, with its output in a file."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


class Failure(Exception):
    """An error that is reported in one line."""


_reservations: list[socket.socket] = []


def reserved_port() -> int:
    """A port of 127.0.0.1 for a program that sets SO_REUSEADDR, as servers do. Until this process ends, the system gives it to
    nobody who wants any free port."""
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind(("127.0.0.1", 0))
    # It has the port and does not listen, so that others can bind to the number.
    _reservations.append(reservation)
    return reservation.getsockname()[1]


def find(program: str) -> str | None:
    """Where a program is. Servers may be in /usr/sbin, which is not on every PATH."""
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")


def filled(template: str, **values) -> str:
    """A file of settings with its blanks filled in."""
    for key, value in values.items():
        template = template.replace("{" + key + "}", str(value))
    return template


class Process:
    """One program. Its environment has PATH and what is given."""

    def __init__(self, name: str, command: list, log: Path, environment: dict[str, str] | None = None):
        self.name, self.log = name, log
        # A file, because nobody reads a pipe while a test runs, and a full one would stop the program.
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*map(str, command)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env={"PATH": os.environ["PATH"], **(environment or {})})

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until(self, is_ready: Callable[[], bool], limit: float = 30, pause: float = 0.02):
        """Asks until it is ready; ends it and raises Failure if it ends before, or after so many seconds."""
        until = time.monotonic() + limit
        while time.monotonic() < until and self.is_alive:
            try:
                if is_ready():
                    return self
            except OSError:
                pass
            time.sleep(pause)
        said = self.output[-1500:]
        self.end()
        raise Failure(f"{self.name} does not start: {said}")

    def end(self, limit: float = 15) -> int:
        """Ends it with SIGTERM, and after so many seconds with SIGKILL; its exit status."""
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # a session of its own, so nobody else is in the group
                self.process.wait()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
