"""Cached answers over a Unix socket, beside the same over TCP, by turns."""

import json
import subprocess

import parts
import servers
from hits import LIST, WHOLE, costs, note
from servers import LOAD_CORE, Failure

TARGETS = {"count": LIST + "/count", WHOLE: LIST}
CONNECTIONS = [1, 32]
TCP, UNIX = "TCP", "Unix socket"


def load(program, larder, address, target, connections, seconds) -> dict:
    """Microseconds of CPU of a request, of Larder alone and with the load."""
    before, ours = larder.cpu(), servers.ended()
    done = subprocess.run(["taskset", "-c", str(LOAD_CORE), program, str(address), target, str(connections), str(seconds)],
                          capture_output=True, text=True)
    cpu, ours = larder.cpu() - before, servers.ended() - ours
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    told = json.loads(done.stdout)
    if not told["requests"]:
        raise Failure(f"nothing was answered at {address}")
    return {"cpu": cpu * 1e6 / told["requests"], "both": (cpu + ours) * 1e6 / told["requests"],
            "rate": told["requests"] / (told["microseconds"] / 1e6)}


def run(options, rows, body, folder) -> dict:
    """`values[case][connections][TCP or UNIX]` is a list with what each round showed."""
    program, path, values = servers.built("load"), folder / "larder.sock", {}
    port = servers.reserved_port()
    with parts.upstream(folder, rows) as origin, servers.larder(
            options.larder, origin, folder, port=port, LARDER_LISTEN=f"127.0.0.1:{port},unix:{path}") as larder:
        addresses = {TCP: port, UNIX: path}
        for case, target in TARGETS.items():
            load(program, larder, port, target, 1, 0.2)  # the first answers are not counted
            for connections in CONNECTIONS:
                kept = values.setdefault(case, {}).setdefault(connections, {name: [] for name in addresses})
                for turn in range(options.rounds):
                    for name in sorted(addresses, reverse=turn % 2 == 1):
                        kept[name].append(
                            load(program, larder, addresses[name], target, connections, options.seconds))
                note(f"{case}, {connections}: us of CPU per request: {costs(kept)}")
    return {"values": values}
