"""Sends requests to Larder all the time, on new connections, on kept ones and as long streams, and counts what fails.

    load.py [--port PORT] (--seconds N | --requests N) [--new N] [--kept N] [--rate N] [--streams N] [--events N]

`--new` clients use a connection once, `--kept` clients use theirs until they are told that it closes. `--rate` is the number
of requests per second of all of them. Each stream is one chat of `--events` events (ten a second, from upstream.py).

Prints `answered=N failed=N slowest=N ms streams=N broken=N`, and the first failures on standard error. Exits with 1 if
anything failed, or nothing was answered. The slowest request counts from the connection to the end of the answer.
"""

import argparse
import http.client
import json
import sys
import threading
import time


class Load:
    def __init__(self, arguments):
        self.arguments = arguments
        self.lock = threading.Lock()
        self.begin = time.monotonic()
        self.started = self.answered = self.whole = 0
        self.slowest = 0.0
        self.failures, self.broken = [], []

    def turn(self):
        """Waits until the next request is due; false if there is none."""
        with self.lock:
            now = time.monotonic() - self.begin
            if self.arguments.requests is None and now >= self.arguments.seconds:
                return False
            if self.arguments.requests is not None and self.started >= self.arguments.requests:
                return False
            due = self.started / self.arguments.rate if self.arguments.rate else now
            self.started += 1
        time.sleep(max(0.0, due - now))
        return True

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.arguments.port, timeout=30)

    def client(self, keeps):
        connection = None
        while self.turn():
            begin = time.monotonic()
            try:
                connection = connection or self.connect()
                connection.request("GET", "/models?limit=1", headers={} if keeps else {"Connection": "close"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or not json.loads(body)["data"]:
                    raise ValueError(f"{answer.status} with {len(body)} bytes")
                if answer.will_close or not keeps:
                    connection.close()
                    connection = None
            except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
                with self.lock:
                    self.failures.append(f"{'kept' if keeps else 'new'}: {type(error).__name__}: {error}")
                connection = None
            else:
                with self.lock:
                    self.answered += 1
                    self.slowest = max(self.slowest, time.monotonic() - begin)

    def stream(self):
        events = self.arguments.events
        try:
            connection = self.connect()
            connection.request("POST", "/chat/completions", json.dumps({"events": events}))
            body = connection.getresponse().read().decode()
            if body != "".join(f"data: {number}\n\n" for number in [*range(events), "[DONE]"]):
                raise ValueError(f"{len(body)} bytes: {body[-40:]!r}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            with self.lock:
                self.broken.append(f"stream: {type(error).__name__}: {error}")
        else:
            with self.lock:
                self.whole += 1

    def run(self):
        arguments = self.arguments
        clients = [threading.Thread(target=self.client, args=(False,)) for _ in range(arguments.new)]
        clients += [threading.Thread(target=self.client, args=(True,)) for _ in range(arguments.kept)]
        clients += [threading.Thread(target=self.stream) for _ in range(arguments.streams)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        print(
            f"answered={self.answered} failed={len(self.failures)} slowest={self.slowest * 1000:.0f} ms "
            f"streams={self.whole} broken={len(self.broken)}"
        )
        for failure in (self.failures + self.broken)[:5]:
            print(failure, file=sys.stderr)
        return 0 if self.answered and not self.failures and not self.broken else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=5273)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--new", type=int, default=3)
    parser.add_argument("--kept", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--streams", type=int, default=0)
    parser.add_argument("--events", type=int, default=80)
    return Load(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
