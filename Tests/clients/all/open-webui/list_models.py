"""Prints the ids that Open WebUI has in its model picker. The environment has its settings, as for a first start.

It runs Open WebUI's own code for the list, on the database that it makes itself. Its other features and their gigabytes of
packages (speech, retrieval, images) are not needed for it.
"""

import asyncio
import importlib.util
import json
import os
from types import SimpleNamespace

PACKAGE = importlib.util.find_spec("open_webui").submodule_search_locations[0]
os.environ["FRONTEND_BUILD_DIR"] = os.path.join(PACKAGE, "frontend")

from open_webui.routers import openai  # noqa: E402


async def main():
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace()), headers={}, cookies={})
    models = await openai.get_all_models(request, user=None)
    print(json.dumps([[model["id"], model["name"]] for model in models["data"]]))


asyncio.run(main())
