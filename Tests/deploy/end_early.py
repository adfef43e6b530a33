"""Tells a process that is the first one of its own process namespace to end while it still reads its settings.

  end_early.py PROGRAM ARGUMENTS...    exit code 0 if it then ends with 0; for root

Such a process, as every container has one, gets no signal that it does not watch for: one that came too early would be lost.
"""

import os
import signal
import subprocess
import sys
import time

# These and no others: for moments the libraries hold all of them.
HELD = sum(1 << (number - 1) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR2))


def status(process, name):
    """A field of what the kernel says of a process; empty once there is none."""
    try:
        with open(f"/proc/{process}/status") as lines:
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name + ":")), "")
    except OSError:
        return ""


def holds(process, program):
    """Whether it is the program already, not what starts it, and has the signal wait."""
    return status(process, "Name") == os.path.basename(program) and int(status(process, "SigBlk") or "0", 16) == HELD


def attempt(command):
    """How the process ended; None if it was not caught in time."""
    parent = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", *command], stderr=subprocess.DEVNULL)
    child = ""
    try:
        until = time.monotonic() + 2
        while time.monotonic() < until:
            with open(f"/proc/{parent.pid}/task/{parent.pid}/children") as children:
                child = children.read().strip()
            if child and holds(child, command[0]):
                break
        if not child:
            return None
        process = int(child)
        os.kill(process, signal.SIGSTOP)
        while status(process, "State")[:1] not in ("T", ""):
            time.sleep(0.001)
        caught = holds(process, command[0])
        os.kill(process, signal.SIGTERM)
        os.kill(process, signal.SIGCONT)
        code = parent.wait(timeout=10)
        return code if caught else None
    except subprocess.TimeoutExpired:
        return "nothing, within ten seconds"
    except ProcessLookupError:
        return None
    finally:
        parent.kill()
        parent.wait()


for _ in range(20):
    code = attempt(sys.argv[1:])
    if code is not None:
        break
print(f"ended with {code}")
sys.exit(0 if code == 0 else 1)
