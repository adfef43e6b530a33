"""An upstream for tests: a catalogue of a few models, and chats that stream ten events a second.

    upstream.py PORT

`POST .../chat/completions` with the body `{"events": N}` streams N numbered events and `data: [DONE]`. `GET /count` is how
often the catalogue was fetched.
"""

import http.server
import json
import sys
import threading
import time

ROWS = [
    {"id": f"author/model-{number}", "architecture": {"output_modalities": ["text"]}, "created": number}
    for number in range(40)
]
CATALOGUE = json.dumps({"data": ROWS}).encode()
fetched = 0
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "public, max-age=120")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        global fetched
        if self.path == "/count":
            return self.answer(str(fetched).encode())
        with lock:
            fetched += 1
        self.answer(CATALOGUE)

    def do_POST(self):
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["events"]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in [*range(events), "[DONE]"]:
            event = f"data: {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
