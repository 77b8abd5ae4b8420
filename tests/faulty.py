"""A proxy before a real tracking server that fails as servers do."""

import gzip
import http.client
import socket
import struct
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KINDS = ("killed", "hung", "slow", "500", "503", "429", "reset", "garbage", "empty", "log-in", "default 404", "endless")
PAGE = b"<!doctype html><title>Log in</title>"


NONSENSE = {
    "garbage": (200, b"\x00 not what you wanted", {"Content-Type": "text/plain"}),
    "empty": (200, b"{}", {"Content-Type": "application/json"}),
    "log-in": (200, PAGE, {"Content-Type": "text/html; charset=utf-8"}),
    "default 404": (404, PAGE, {"Content-Type": "text/html"}),
    "endless": (
        200,
        gzip.compress(b" " * (80 << 20)),
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ),
}


class Plan:
    """fault(number, method, path) -> a kind or None; lost: the request is done, its reply is not sent."""

    def __init__(self, fault=lambda number, method, path: None):
        self.fault, self.calls, self.lock = fault, 0, threading.Lock()

    def next(self, method, path):
        with self.lock:
            self.calls += 1
            return self.fault(self.calls, method, path)


def from_call(first, kind):
    """Every call from that one on."""
    return Plan(lambda number, method, path: kind if number >= first else None)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.server.plan.next(self.command, self.path)
        if kind == "hung":
            self.server.released.wait(120)
        elif kind in ("killed", "reset"):
            pass
        elif kind in ("500", "503", "429"):
            return self.answer(int(kind), b"no", {})
        elif kind in NONSENSE:
            return self.answer(*NONSENSE[kind])
        else:
            time.sleep({"slow": 4, "sluggish": 0.9}.get(kind, 0))
            status, headers, content = self.forward(body)
            if kind != "lost":
                return self.answer(status, content, headers)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any

    def forward(self, body):
        real = http.client.HTTPConnection("127.0.0.1", self.server.real, timeout=60)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        real.request(self.command, self.path, body, headers)
        reply = real.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()

    def answer(self, status, content, headers):
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def faulty(address):
    """The proxy's address; `plan` of the server that is given says what fails."""
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads, proxy.block_on_close = True, False
    proxy.real, proxy.plan, proxy.released = int(address.rpartition(":")[2]), Plan(), threading.Event()
    proxy.address = f"http://127.0.0.1:{proxy.server_address[1]}"
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        proxy.shutdown()
        proxy.server_close()
