"""The plain whole list, to clients that read up to a megabyte at a time.

wrk reads 8 KiB at a time. How a client reads decides how much of the sending the kernel does in the client's time, when
it acknowledges what it has read.
"""

import servers
import unix
from hits import WHOLE, Field, costs, note


def run(options, rows, body, folder) -> dict:
    """`values[connections][server]` is a list with what each round showed."""
    program, field, values = servers.built("load"), Field(options, rows, folder), {}

    def load(server, target, connections, seconds, _):
        return unix.load(program, server, server.port, target, connections, seconds)

    try:
        field.open(body)
        case = next(case for case in field.cases if case.name == WHOLE)
        for name in options.servers:
            # The load names another host than the checks, so that some have to fetch the list once more.
            load(field.running[name], case.target, 1, 0.2, ())
        for connections in options.connections:
            kept = values[connections] = field.rounds(case, connections, load)
            note(f"{WHOLE}, read in large pieces, {connections}: us of CPU per request: {costs(kept)}")
    finally:
        field.close()
    return {"values": values}
