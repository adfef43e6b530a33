"""Requests of which no two are alike, many of them: what callers can make Larder remember must have bounds."""

import time

from client import Connection


def request(number):
    key = {"Authorization": f"Bearer flood-{number}"}
    kind = number % 8
    if kind == 0:
        return f"/models?use_rss=true&x={number}", {}, 200
    if kind == 1:
        return f"/v1/models?q={number}", {}, 200
    if kind == 2:
        return "/models/user?limit=1", key, 200
    if kind == 3:
        return "/models/user", {"Authorization": f"Bearer bad-{number}"}, 401
    if kind == 4:
        return f"/models?category=c{number}", {}, 200
    if kind == 5:
        return f"/model/nobody/has-{number}", {}, 404
    if kind == 6:
        return "/models?limit=3", key, 200
    return f"/providers?x={number}" + "y" * (7_000 if number % 64 == 7 else 7), {}, 200


def main(port, numbers, results):
    """Asks for them one batch after the other; what was wrong goes to the queue."""
    connection = Connection(port)
    problems = []
    for start in range(0, len(numbers), 8):
        batch = [request(number) for number in numbers[start:start + 8]]
        try:
            sent = connection.send([("GET", target, fields, b"") for target, fields, _ in batch])
            for target, _, status in batch:
                answer = connection.read("GET", sent)
                if answer.status != status:
                    problems.append(f"{answer.status} instead of {status} to {target[:80]}: {answer.body[:200]}")
        except Exception as error:
            connection.close()
            problems.append(f"the connection failed: {error!r}")
            time.sleep(0.1)
    connection.close()
    results.put(problems)
