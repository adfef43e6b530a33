"""Asks Larder over and over, each time on a new connection, and counts what fails.

    knock.py [--port PORT | --path PATH] --seconds N [--clients N]

Prints `answered=N failed=N`, and the first failures on standard error. Exits with 1 if any failed or none was answered.
"""

import argparse
import socket
import sys
import threading
import time


def ask(arguments):
    """One request on a connection of its own; raises unless the whole answer comes."""
    if arguments.path:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(15)
        connection.connect(arguments.path)
    else:
        connection = socket.create_connection(("127.0.0.1", arguments.port), timeout=15)
    with connection:
        connection.sendall(b"GET /models?limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if lines[0] != "HTTP/1.1 200 OK" or len(body) != int(fields["content-length"]):
        raise ValueError(f"{lines[0]!r} with {len(body)} bytes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=5273)
    parser.add_argument("--path")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.seconds
    lock = threading.Lock()
    answered, failures = 0, []

    def client():
        nonlocal answered
        while time.monotonic() < end:
            try:
                ask(arguments)
            except (OSError, ValueError, KeyError) as error:
                with lock:
                    failures.append(f"{type(error).__name__}: {error}")
            else:
                with lock:
                    answered += 1

    clients = [threading.Thread(target=client) for _ in range(arguments.clients)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    print(f"answered={answered} failed={len(failures)}")
    for failure in failures[:5]:
        print(failure, file=sys.stderr)
    return 0 if answered and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
