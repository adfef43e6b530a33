"""The servers: Larder, and Debian's nginx, HAProxy and Varnish, each as a reverse proxy with a cache before the origin.

The peers' settings are in this folder and as short as they can be. All listen on loopback, on a free port; Larder has the system choose it,
because many start at once, and a port that was free before may be taken by then.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from origin import Origin
from wire import Client

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "Tests/shared"))

from processes import Failure, Process, filled, find, reserved_port  # noqa: E402

NAMES = {"larder": "Larder", "nginx": "nginx", "haproxy": "HAProxy", "varnish": "Varnish"}


# One model, so that Larder has a catalogue to be ready with.
CATALOGUE = json.dumps({"data": [{
    "id": "maker/model", "canonical_slug": "maker/model", "name": "Maker: Model", "created": 1763600000,
    "description": "A model.", "context_length": 1000,
    "architecture": {"modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"],
                     "tokenizer": "Other", "instruct_type": None},
    "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "top_provider": {}, "supported_parameters": []}]}).encode()


class Server(Process):
    """A server with a folder of its own, and an origin behind it."""

    name = ""
    program = ""
    # Whether it is started anew for cases that change how others are served.
    starts_anew = False
    # Whether the system chooses the port. The log names it then.
    names_port = False

    def __init__(self, origin: Origin):
        self.port = 0 if self.names_port else reserved_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"conform-{self.name}-"))
        origin.catalogue = CATALOGUE
        super().__init__(self.name, self.command(origin), self.folder / "log",
                         {"HOME": str(self.folder), **self.environment(origin)})
        self.wait_until(self.is_ready)

    def command(self, origin: Origin) -> list[str]:
        raise NotImplementedError

    def environment(self, origin: Origin) -> dict[str, str]:
        return {}

    def settings(self, name: str, origin: Origin) -> Path:
        """A file of settings from this folder, with its blanks filled in."""
        file = self.folder / name
        file.write_text(filled((HERE / name).read_text(), folder=self.folder, port=self.port, origin=origin.port))
        return file

    def is_ready(self) -> bool:
        client = Client(self.port)
        try:
            client.send(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self.port)
            found = client.response(b"GET", time.monotonic() + 2)
            return found is not None and found.status == 200
        finally:
            client.close()

    def another(self, origin: Origin) -> "Server":
        return type(self)(origin)

    def end(self, limit: float = 15) -> int:
        status = super().end(limit)
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

    @classmethod
    def version(cls) -> str | None:
        """What the program says, or None where it is not installed."""
        path = find(cls.program)
        if not path:
            return None
        shown = subprocess.run([path, cls.version_flag], capture_output=True, text=True, timeout=20)
        found = re.search(r"\d+\.\d+\.\d+[\w.+~-]*", shown.stdout + shown.stderr)
        return found[0] if found else "?"


class Larder(Server):
    name = "larder"
    starts_anew = True
    names_port = True
    binary = os.environ.get("LARDER_BINARY", str(ROOT / ".build/release/larder"))

    def command(self, origin):
        return [self.binary, "serve", "--no-state"]

    def environment(self, origin):
        # Upstream's own lifetimes count, as the RFCs have it; by default Larder's settings do. Stale copies are served only
        # where upstream fails.
        return {
            "LARDER_LISTEN": f"127.0.0.1:{self.port}", "LARDER_UPSTREAM_URL": f"http://127.0.0.1:{origin.port}/api/v1",
            "LARDER_TTL_RESPECT_UPSTREAM": "true", "LARDER_TTL_NO_CACHE": "0s", "LARDER_STALE_WHILE_REVALIDATE": "0s",
            "LARDER_LOG_ACCESS": "false", "LARDER_UPSTREAM_IDLE_TIMEOUT": "60s",
            "LARDER_SERVER_BODY_TIMEOUT": "10s"}

    def is_ready(self):
        found = re.search(r"serving on http://127\.0\.0\.1:(\d+)", self.output)
        if not found:
            return False
        self.port = int(found[1])
        return super().is_ready()

    @classmethod
    def version(cls):
        if not os.access(cls.binary, os.X_OK):
            raise Failure(f"{cls.binary} is not there: make build")
        return subprocess.run([cls.binary, "--version"], capture_output=True, text=True, timeout=20).stdout.split()[1]


class Nginx(Server):
    name = program = "nginx"
    version_flag = "-v"

    def command(self, origin):
        return [find("nginx"), "-p", str(self.folder), "-c", str(self.settings("nginx.conf", origin)), "-e",
                str(self.folder / "errors")]


class HAProxy(Server):
    name = program = "haproxy"
    version_flag = "-v"

    def command(self, origin):
        return [find("haproxy"), "-db", "-f", str(self.settings("haproxy.cfg", origin))]


class Varnish(Server):
    name, program = "varnish", "varnishd"
    version_flag = "-V"

    def command(self, origin):
        # Nothing is stored without a lifetime, nothing is served stale, and what is stale is kept for conditions.
        return [find("varnishd"), "-F", "-n", str(self.folder / "work"), "-j", "none", "-a", f"127.0.0.1:{self.port}", "-T",
                "none", "-f", str(self.settings("varnish.vcl", origin)), "-s", "malloc,32m", "-t", "0", "-p", "default_grace=0",
                "-p", "default_keep=120", "-p", "thread_pool_min=40"]


ALL = {each.name: each for each in (Larder, Nginx, HAProxy, Varnish)}
