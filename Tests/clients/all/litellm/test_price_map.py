"""LiteLLM with Larder's price map in place of its own."""

import json
import os
import subprocess
import sys

# What LiteLLM says of some models. The map is read at the import, so a process of its own does that.
PROGRAM = """
import json, sys
import litellm
costs = {}
for model in json.loads(sys.argv[1]):
    prompt, completion = litellm.cost_per_token(model=f"openrouter/{model}", prompt_tokens=1000000, completion_tokens=1000000)
    costs[model] = [prompt, completion, litellm.get_model_info(f"openrouter/{model}")["max_input_tokens"]]
print(json.dumps({"costs": costs, "count": len(litellm.model_cost), "others": "gpt-4o" in litellm.model_cost}))
"""


def ask(base_url: str, models: list[str], **settings: str) -> dict:
    address = base_url.removesuffix("/api/v1") + "/_larder/export/litellm.json"
    environment = {name: value for name, value in os.environ.items() if name != "LITELLM_LOCAL_MODEL_COST_MAP"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(models)], capture_output=True, text=True, timeout=120,
        env=environment | {"LITELLM_MODEL_COST_MAP_URL": address} | settings)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


def test_the_costs_are_those_of_the_catalogue(base_url, models):
    priced = [row for row in models if float(row["pricing"]["prompt"]) > 0 and "text" in row["architecture"]["output_modalities"]]
    chosen = priced[:: len(priced) // 20][:20]
    assert len(chosen) == 20
    result = ask(base_url, [row["id"] for row in chosen], MODEL_COST_MAP_MAX_SHRINK_RATIO="0")
    for row in chosen:
        prompt, completion, context = result["costs"][row["id"]]
        assert abs(prompt - 1e6 * float(row["pricing"]["prompt"])) < 1e-9
        assert abs(completion - 1e6 * float(row["pricing"]["completion"])) < 1e-9
        assert context == row["context_length"]
    # The map replaces LiteLLM's own.
    assert result["count"] == len(models) and not result["others"]


def test_without_the_setting_a_smaller_map_is_refused(base_url):
    assert ask(base_url, [])["others"]
