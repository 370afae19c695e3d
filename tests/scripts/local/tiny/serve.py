"""The tiny platform's service: tells who it is, or refuses to start."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers every path alike."""

    def do_GET(self) -> None:
        """Its process id and environment."""
        body = json.dumps({"pid": os.getpid(), "environment": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    mode, port = sys.argv[1:]
    if mode == "refuse":
        sys.exit("I need more salt")
    print("serving", flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
