"""Open WebUI: its model picker has exactly the models of a view."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

VIEW = {"LARDER_VIEWS_TEAM_QUERY": "supported_parameters=tools&sort=newest", "LARDER_VIEWS_TEAM_DENY": "*:free"}


def listed(folder: Path, base_url: str) -> list[list[str]]:
    """What Open WebUI lists after its first start with this base URL: ids and names."""
    settings = {
        "DATA_DIR": str(folder), "STATIC_DIR": str(folder / "static"), "WEBUI_SECRET_KEY": "test",
        "OPENAI_API_BASE_URL": base_url, "OPENAI_API_KEY": "k", "ENABLE_OLLAMA_API": "false", "OFFLINE_MODE": "true",
        "ANONYMIZED_TELEMETRY": "false",
    }
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("list_models.py"))], capture_output=True, text=True, timeout=300,
        env=os.environ | settings, cwd=folder)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.caching
@pytest.mark.parametrize("root", ["/api/v1", "/v1", "/openai/v1"])
def test_it_lists_exactly_the_view(start, models, origin, tmp_path, root):
    base_url = start(**VIEW).removesuffix("/api/v1") + "/view/team" + root
    left = [row for row in models if "text" in row["architecture"]["output_modalities"]
            and "tools" in row["supported_parameters"] and not row["id"].endswith(":free")]
    left.sort(key=lambda row: -row["created"])
    assert 3 < len(left) < len(models)
    assert listed(tmp_path, base_url) == [[row["id"], row["name"]] for row in left]
    assert origin.asked("models") == 1
