"""Clients that connect to a Unix socket, as docs/clients.md shows."""

import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import openai
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from processes import Process, find, reserved_port  # noqa: E402

pytestmark = pytest.mark.caching


@pytest.fixture
def socket(start, tmp_path) -> Path:
    """The socket of a Larder that is ready."""
    path = tmp_path / "larder.sock"
    start(socket=path)
    return path


def test_curl(socket, models):
    done = subprocess.run(
        [shutil.which("curl"), "-s", "-i", "--unix-socket", socket, "http://localhost/api/v1/models/count"],
        capture_output=True, text=True, check=True)
    head, _, body = done.stdout.partition("\n\n")
    assert "larder; hit" in head.lower()
    assert json.loads(body)["data"]["count"] > 0


def test_httpx(socket):
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://localhost/api/v1") as client:
        answer = client.get("/models", params={"limit": 3})
        assert answer.status_code == 200
        assert len(answer.json()["data"]) == 3
        assert "hit" in client.get("/models", params={"limit": 3}).headers["cache-status"]


def test_openai(socket, models):
    client = openai.OpenAI(
        api_key="sk-or-v1-0", base_url="http://localhost/api/v1",
        http_client=httpx.Client(transport=httpx.HTTPTransport(uds=str(socket))))
    listed = [model.id for model in client.models.list()]
    assert listed and set(listed) <= {model["id"] for model in models}


def test_nginx(socket, tmp_path):
    """The location of docs/clients.md, word for word but for the socket's path."""
    page = (Path(__file__).parents[2] / "docs/clients.md").read_text()
    location = page.split("```nginx\n")[1].split("```")[0]
    assert "unix:/run/larder/larder.sock" in location
    port = reserved_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr; user root; events {{ }}\n"
        f"http {{ access_log off; {' '.join(f'{kind}_temp_path {tmp_path}/{kind};' for kind in TEMPORARY)}\n"
        f"server {{ listen 127.0.0.1:{port}; {location.replace('/run/larder/larder.sock', str(socket))} }} }}\n")
    nginx = Process("nginx", [find("nginx"), "-p", tmp_path, "-c", configuration], tmp_path / "nginx.log")
    try:
        url = f"http://127.0.0.1:{port}/api/v1/models/count"
        # urllib's errors are those that wait_until knows.
        nginx.wait_until(lambda: urllib.request.urlopen(url, timeout=10).status == 200)
        assert "larder; hit" in httpx.get(url).headers["cache-status"].lower()
    finally:
        nginx.end()


TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
