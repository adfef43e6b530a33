"""The list of models that everything is measured with: real rows where they are at hand, else made up, always 421."""

import copy
import json
import os
import random
from pathlib import Path

ROWS = 421
ROOT = Path(__file__).resolve().parents[2]
WORDS = (
    "model context reasoning tokens language vision fast small large open weights training data instruction agent code "
    "multilingual image audio latency benchmark expert mixture window output input tool calling structured release "
    "preview updated research general purpose efficient quality support long document retrieval chat assistant").split()
AUTHORS = ["openai", "anthropic", "google", "mistralai", "qwen", "deepseek", "meta-llama", "x-ai", "cohere", "nvidia"]
PARAMETERS = [
    "frequency_penalty", "include_reasoning", "logit_bias", "logprobs", "max_tokens", "min_p", "presence_penalty",
    "reasoning", "repetition_penalty", "response_format", "seed", "stop", "structured_outputs", "temperature",
    "tool_choice", "tools", "top_k", "top_logprobs", "top_p"]


def rows(folder=None) -> tuple[list[dict], str]:
    """The rows, and what they are."""
    folder = Path(folder or os.environ.get("LARDER_DATA") or ROOT.parent / "shared/data")
    found = {}
    for file in sorted(folder.glob("openrouter-models-20*.json"), reverse=True):
        for row in json.loads(file.read_text())["data"]:
            if "text" in row["architecture"]["output_modalities"]:
                found.setdefault(row["id"], row)
    if len(found) >= ROWS:
        return list(found.values())[:ROWS], "rows that upstream once sent"
    return [made_up(number) for number in range(ROWS)], "made-up rows"


def made_up(number: int) -> dict:
    """The same row every time, about as large as a real one and about as compressible."""
    chance = random.Random(number)
    author = AUTHORS[number % len(AUTHORS)]
    identity = f"{author}/model-{number}"
    prompt = chance.randrange(1, 5_000) / 1e9
    score = round(chance.uniform(10, 70), 1)
    return {
        "id": identity, "canonical_slug": f"{identity}-20260{number % 9 + 1}01", "hugging_face_id": identity,
        "name": f"{author.title()}: Model {number}", "created": 1_700_000_000 + number * 97_343,
        "description": " ".join(chance.choices(WORDS, k=55)),
        "context_length": chance.choice([8192, 32768, 131072, 1048576]),
        "architecture": {
            "modality": "text+image->text", "input_modalities": ["text", "image"], "output_modalities": ["text"],
            "tokenizer": chance.choice(["GPT", "Claude", "Llama3", "Qwen3", "Other"]), "instruct_type": None},
        "pricing": {
            "prompt": f"{prompt:.9f}", "completion": f"{prompt * 4:.9f}", "input_cache_read": f"{prompt / 10:.10f}"},
        "top_provider": {"context_length": 131072, "max_completion_tokens": 32768, "is_moderated": False},
        "per_request_limits": None, "supported_parameters": sorted(chance.sample(PARAMETERS, 14)),
        "default_parameters": {
            "temperature": None, "top_p": None, "top_k": None, "frequency_penalty": None, "presence_penalty": None},
        "supported_voices": None, "knowledge_cutoff": "2026-02-16", "expiration_date": None,
        "links": {"details": f"/api/v1/models/{identity}/endpoints"},
        "benchmarks": {"design_arena": [], "artificial_analysis": {
            "intelligence_index": score, "coding_index": round(score * 1.1, 1), "agentic_index": round(score * 0.9, 1)}}}


def times(some: list[dict], factor: int) -> list[dict]:
    """So many times the rows, each with an identity of its own."""
    result = []
    for turn in range(factor):
        for row in some:
            more = copy.copy(row)
            if turn:
                author, slug = row["id"].split("/", 1)
                more["id"] = f"{author}/{turn}-{slug}"
                more["canonical_slug"] = f"{row['canonical_slug']}-{turn}"
            result.append(more)
    return result


def body(some: list[dict]) -> bytes:
    return json.dumps({"data": some}, separators=(",", ":"), ensure_ascii=False).encode()
