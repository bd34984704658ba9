"""A local HTTP server with configurable faults, and the data home of the machine, if it has one."""

import os
import threading
import tracemalloc
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@pytest.fixture
def real_home():
    """The data home that the environment names; skip where there is none."""
    home = os.environ.get("SKRNN_DATA_HOME")
    if not home or not (Path(home) / "mnist").is_dir() or not (Path(home) / "imdb").is_dir():
        pytest.skip("needs the real data sets: SKRNN_DATA_HOME does not name a data home that has them")
    return Path(home)


class Server:
    """An HTTP server on this machine.

    ``answers[path]`` is the list of how to answer successive requests for a path: bytes to send, a status code, or one
    of "whole", "drop", "stall", "truncate", "unsized" (truncated, with no length announced), "endless" (for as long as
    the client reads); the last one holds for all further requests. ``n_sent`` counts what "endless" has sent.
    """

    def __init__(self, content):
        self.content = content
        self.answers = {}
        self.requests = defaultdict(int)
        self.n_sent = 0
        self.released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self._http.server_port}/{path}"

    def close(self):
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                path = self.path.lstrip("/")
                script = server.answers[path]
                answer = script[min(server.requests[path], len(script) - 1)]
                server.requests[path] += 1
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                if answer == "drop":
                    return
                content = answer if isinstance(answer, bytes) else server.content
                self.send_response(200)
                if answer not in ("unsized", "endless"):
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if answer == "endless":
                    try:
                        while not server.released.is_set():
                            server.n_sent += self.wfile.write(content)
                    except OSError:  # the client has closed the connection
                        pass
                elif answer in ("stall", "truncate", "unsized"):
                    self.wfile.write(content[: len(content) // 2])
                    if answer == "stall":
                        self.wfile.flush()
                        server.released.wait(10)
                else:
                    self.wfile.write(content)

        return Handler


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server(bytes(range(256)) * 1000)
    yield running
    running.close()


@pytest.fixture
def memory_use():
    """A context whose list holds, at its end, the most memory, in bytes, that Python and NumPy have taken in it."""

    @contextmanager
    def measured():
        peak = []
        tracemalloc.start()
        try:
            yield peak
        finally:
            peak.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    return measured


@pytest.fixture
def no_network(monkeypatch):
    """Make every attempt to connect an error."""

    def refuse(*args, **kwargs):
        raise AssertionError("the network was touched")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


@pytest.fixture
def tree():
    """A function that tells everything in a folder: path -> (size, time of last change)."""

    def describe(folder):
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(Path(folder).rglob("*"))}

    return describe
