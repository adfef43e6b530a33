"""Halts one thread of a process, and lets the others go on: a loop that hangs, as seen from outside.

    halt_thread.py PID NAME SECONDS

Prints `halted` once the thread of that name stands still. It goes on when this program ends.
"""

import ctypes
import os
import pathlib
import sys
import time

SEIZE, INTERRUPT = 0x4206, 0x4207


def main():
    process, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    tasks = pathlib.Path("/proc", process, "task").iterdir()
    thread = next(int(task.name) for task in tasks if (task / "comm").read_text().strip() == name)
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (SEIZE, INTERRUPT):
        if library.ptrace(request, thread, None, None) != 0:
            sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
    print("halted", flush=True)
    time.sleep(seconds)


if __name__ == "__main__":
    main()
