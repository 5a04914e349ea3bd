"""An origin of several hosts that takes its time, and counts the requests that it serves at once.

Each host is an address of the loopback network with a listener of its own.
"""

import collections
import http.server
import re
import socketserver
import threading
import time


class Origin:
    """Serves every path /OWNER/NAME: as many bytes, in as many seconds, as `load` says for the owner."""

    def __init__(self, hosts, load):
        self.load = load
        self.lock = threading.Lock()
        self.open = collections.Counter()
        self.most = collections.Counter()
        self.places = [f"{host}:{Listener(host, self).server_address[1]}" for host in hosts]

    def url(self, number, path):
        """Where the host of this number, counted round and round, serves a path."""
        return f"http://{self.places[number % len(self.places)]}/{path}"

    def enter(self, names):
        with self.lock:
            for name in names:
                self.open[name] += 1
                self.most[name] = max(self.most[name], self.open[name])

    def leave(self, names):
        with self.lock:
            self.open.subtract(names)

    def most_of(self, kind):
        """The most requests at once for any one `host` or `owner`."""
        with self.lock:
            return max((most for (what, _), most in self.most.items() if what == kind), default=0)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, host, origin):
        self.origin = origin
        super().__init__((host, 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    # The name of this machine is of no interest, and asking for it may take long.
    server_bind = socketserver.TCPServer.server_bind


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        origin, owner = self.server.origin, self.path.split("/")[1]
        names = [("host", self.server.server_address[0]), ("owner", owner)]
        size, seconds = origin.load(owner)
        origin.enter(names)
        try:
            first = int((re.match(r"bytes=(\d+)-$", self.headers.get("Range", "")) or [0, 0])[1])
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(size - first))
            self.send_header("ETag", f'"{size}"')
            if first:
                self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
            self.send_header("Connection", "close")
            self.end_headers()
            step = (size - first) // 8
            for _ in range(7):
                self.wfile.write(bytes(step))
                time.sleep(seconds / 7)
        except OSError:
            return  # the worker was killed
        finally:
            # Before the last bytes: who has them may ask for the next before this thread runs again.
            origin.leave(names)
            self.close_connection = True
        try:
            self.wfile.write(bytes(size - first - 7 * step))
        except OSError:
            pass

    def log_message(self, *_):
        pass
