"""A made-up catalogue of the shape that upstream serves: every optional part occurs, and is missing, somewhere."""

import json
import random
from pathlib import Path

AUTHORS = ["openai", "anthropic", "google", "meta-llama", "mistralai", "qwen", "deepseek", "x-ai", "cohere", "z-ai"]
TOKENIZERS = ["GPT", "Claude", "Gemini", "Llama3", "Mistral", "Qwen3", "DeepSeek", "Grok", "Cohere", "Other"]
PARAMETERS = ["max_tokens", "temperature", "top_p", "seed", "stop", "tools", "tool_choice", "response_format",
              "structured_outputs", "reasoning", "include_reasoning", "logit_bias", "frequency_penalty"]
OUTPUTS = [["text"]] * 16 + [["image"], ["text", "image"], ["embeddings"], ["text", "audio"], ["video"], ["rerank"]]
PRICES = ["0", "0.0000001", "0.00000025", "0.0000006", "0.000001", "0.0000025", "0.000015", "0.00006"]


def model(author: str, name: str, created: int, chance: random.Random) -> dict:
    slug = f"{author}/{name}"
    inputs = ["text"] + chance.choice([[], [], ["image"], ["image", "file"], ["audio"], ["video"]])
    outputs = chance.choice(OUTPUTS)
    context = chance.choice([4096, 8192, 32768, 131072, 200000, 1048576])
    row = {
        "id": slug,
        "canonical_slug": f"{slug}-{20240101 + created % 900}",
        "hugging_face_id": chance.choice([None, "", f"{author}/{name.upper()}"]),
        "name": f"{author.title()}: {name.replace('-', ' ').title()}",
        "created": created,
        "description": f"A made-up model “{name}” with a \"quote\",\na line break, a backslash \\ in it. " * 4,
        "context_length": context,
        "architecture": {
            "modality": f"{'+'.join(inputs)}->{'+'.join(outputs)}",
            "input_modalities": inputs,
            "output_modalities": outputs,
            "tokenizer": TOKENIZERS[AUTHORS.index(author)],
            "instruct_type": chance.choice([None, None, "chatml", "llama3"]),
        },
        "pricing": {"prompt": chance.choice(PRICES), "completion": chance.choice(PRICES)},
        "top_provider": {
            "context_length": context,
            "max_completion_tokens": chance.choice([None, 4096, 65536]),
            "is_moderated": chance.random() < 0.3,
        },
        "per_request_limits": None,
        "supported_parameters": sorted(chance.sample(PARAMETERS, chance.randint(2, len(PARAMETERS)))),
        "default_parameters": chance.choice([None, {"temperature": 0.7, "top_p": None, "frequency_penalty": None}]),
        "supported_voices": None,
        "knowledge_cutoff": chance.choice([None, "2026-02-16"]),
        "expiration_date": None,
        "links": {"details": f"/api/v1/models/{slug}/endpoints"},
    }
    if chance.random() < 0.4:
        row["pricing"] |= {"input_cache_read": "0.00000003", "web_search": "0.01"}
    if chance.random() < 0.4:
        index = {f"{kind}_index": chance.choice([None, round(chance.uniform(5, 70), 1)])
                 for kind in ("intelligence", "coding", "agentic")}
        arena = {"arena": "models", "category": "website", "elo": 1200.5, "rank": 3, "win_rate": 51.25}
        row["benchmarks"] = {"artificial_analysis": index, "design_arena": chance.choice([[], [arena]])}
    if chance.random() < 0.3:
        row["reasoning"] = {"mandatory": False, "default_enabled": True, "supported_efforts": ["high", "low"],
                            "default_effort": "high"}
    return row


def made_up(count: int = 450) -> list[dict]:
    """The same models every time, `openai/gpt-4o` among them, newest first."""
    chance = random.Random(5273)
    rows = [model("openai", "gpt-4o", 1715558400, chance)]
    for number in range(1, count - 2):
        author = AUTHORS[number % len(AUTHORS)]
        rows.append(model(author, f"model-{number}", 1700000000 + number * 86400, chance))
    free = model("qwen", "model-5:free", 1700432001, chance)
    free["pricing"] = {"prompt": "0", "completion": "0"}
    router = model("openai", "auto", 1699000000, chance)
    router["id"] = router["canonical_slug"] = "openrouter/auto"
    router["pricing"] = {"prompt": "-1", "completion": "-1"}
    router["architecture"] |= {"tokenizer": "Router", "output_modalities": ["text"]}
    return sorted([*rows, free, router], key=lambda row: -row["created"])


def real() -> list[dict] | None:
    """A list as upstream once served it, where one lies beside the project; it is no part of it."""
    path = Path(__file__).parents[3] / "shared/data/openrouter-models-2026-07-12.json"
    return json.loads(path.read_text())["data"] if path.exists() else None
