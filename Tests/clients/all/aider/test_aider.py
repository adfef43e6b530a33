"""Aider, as a process of its own: models are named `openrouter/<author>/<slug>`, so that it knows prices and weak models."""

import os
import subprocess
import sys
from pathlib import Path

from origin import KEY_OF_HALF, WORDS


def test_a_message_is_passed_through_and_has_a_price(base_url, chats, tmp_path):
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "OPENROUTER_API_BASE": base_url,
        "OPENROUTER_API_KEY": KEY_OF_HALF, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "AIDER_ANALYTICS": "false",
    }
    done = subprocess.run(
        [Path(sys.executable).parent / "aider", "--model", "openrouter/openai/gpt-4o", "--message", "How do the pieces come?",
         "--no-git", "--yes-always", "--no-check-update", "--no-show-release-notes", "--no-pretty", "--chat-mode", "ask",
         "--no-analytics"],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "weak model: openrouter/openai/gpt-4o-mini" in done.stdout.lower(), done.stdout
    assert "Cost: $" in done.stdout and WORDS[-1] in done.stdout, done.stdout
    assert {fields["Authorization"] for fields in chats()} == {f"Bearer {KEY_OF_HALF}"}
