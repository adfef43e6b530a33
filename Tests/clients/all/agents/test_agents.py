"""Codex and Claude Code themselves, whose binaries come with their Python packages, each with a home of its own."""

import os
import subprocess
from pathlib import Path

import claude_agent_sdk
import codex_cli_bin
import pytest
from origin import KEY_OF_HALF, WORDS

CODEX = Path(codex_cli_bin.__file__).parent / "bin/codex"
CLAUDE = Path(claude_agent_sdk.__file__).parent / "_bundled/claude"


def run(arguments: list, home: Path, **environment: str) -> str:
    done = subprocess.run(
        arguments, cwd=home, env={"PATH": os.environ["PATH"], "HOME": str(home)} | environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def codex(base_url: str, home: Path) -> str:
    settings = home / ".codex"
    settings.mkdir(exist_ok=True)
    (settings / "config.toml").write_text(f"""
model = "openai/gpt-4o"
model_provider = "larder"

[model_providers.larder]
name = "OpenRouter by way of Larder"
base_url = "{base_url}"
wire_api = "responses"

[model_providers.larder.auth]
command = "echo"
args = ["{KEY_OF_HALF}"]
""")
    return run([CODEX, "exec", "--skip-git-repo-check", "How do the pieces come?"], home, CODEX_HOME=str(settings))


def claude(base_url: str, home: Path, **keys: str) -> str:
    return run(
        [CLAUDE, "-p", "How do the pieces come?"], home, ANTHROPIC_BASE_URL=base_url.removesuffix("/v1"),
        ANTHROPIC_MODEL="anthropic/claude-sonnet-4.5", CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY="1", **keys)


def test_codex(base_url, chats, origin, tmp_path):
    for _ in range(2):
        assert " ".join(WORDS) in codex(base_url, tmp_path)
    assert {fields["Authorization"] for fields in chats("responses")} == {f"Bearer {KEY_OF_HALF}"}
    # Both asked for its list, which was fetched once.
    lists = [target for _, target, _ in origin.seen if "client_version=" in target]
    assert len(lists) == 1


@pytest.mark.parametrize("name", ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"])
def test_claude_code(base_url, chats, origin, tmp_path, name):
    # Those who set a token empty the other variable, as OpenRouter's guide says.
    keys = {"ANTHROPIC_API_KEY": ""} | {name: KEY_OF_HALF}
    assert " ".join(WORDS) in claude(base_url, tmp_path, **keys)
    field = "Authorization" if name == "ANTHROPIC_AUTH_TOKEN" else "x-api-key"
    assert {(fields[field] or "").removeprefix("Bearer ") for fields in chats("messages")} == {KEY_OF_HALF}
    # Its list is another one than that of other clients, so it is asked of upstream.
    assert [fields["User-Agent"].split("/")[0] for _, target, fields in origin.seen
            if target == "/api/v1/models?limit=1000"] == ["claude-code"]
