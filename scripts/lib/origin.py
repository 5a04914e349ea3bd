"""An HTTP/1.1 file server for loopback: HEAD, GET, one byte range, entity tags, If-Range, sendfile, keep-alive.

Python's own http.server knows no ranges, and a web server's package would be a service enabled on the user's machine.
"""

import time
import argparse
import email.utils
import http.server
import os
import re
import socket
import sys
import urllib.parse


# Bytes in a tenth of a second, so that a small image lets one see its progress; 0 is as fast as it goes.
SLICE = int(os.environ.get("ORIGIN_BYTES_PER_SECOND", "0")) // 10


class FileHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    root = "."

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        path = os.path.realpath(os.path.join(self.root, urllib.parse.unquote(self.path.split("?")[0]).lstrip("/")))
        if os.path.commonpath([path, self.root]) != self.root or not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            facts = os.fstat(file.fileno())
            tag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
            first, last, status = self.wanted_range(facts.st_size, tag)
            if status == 416:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{facts.st_size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(last - first + 1))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", email.utils.formatdate(facts.st_mtime, usegmt=True))
            if status == 206:
                self.send_header("Content-Range", f"bytes {first}-{last}/{facts.st_size}")
            self.end_headers()
            if with_body:
                self.send_file(file, first, last + 1)

    def wanted_range(self, size, tag):
        """First and last byte to send, and the status: 200 whole, 206 part, 416 cannot be satisfied."""
        whole = (0, size - 1, 200)
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "").strip())
        if asked is None or asked.group(1) == asked.group(2) == "" or self.headers.get("If-Range", tag) != tag:
            return whole
        if asked.group(1) == "":
            first, last = max(0, size - int(asked.group(2))), size - 1
        else:
            first, last = int(asked.group(1)), min(size - 1, int(asked.group(2) or size - 1))
        return (first, last, 206) if first <= last else (0, 0, 416)

    def send_file(self, file, offset, end):
        self.wfile.flush()
        # Blocking, so that the kernel moves all it can per call, as it does for a web server: the benchmark's rivals
        # are served by this too.
        self.connection.settimeout(None)
        first, began = offset, time.monotonic()
        while offset < end:
            length = min(end - offset, SLICE or end - offset)
            sent = os.sendfile(self.connection.fileno(), file.fileno(), offset, length)
            if SLICE:
                # By the clock, so that a busy machine does not make the connection slower than it is to be.
                time.sleep(max(0, began + (offset + sent - first) / SLICE / 10 - time.monotonic()))
            if sent == 0:  # the file became shorter: only a broken connection can say so now
                self.close_connection = True
                return
            offset += sent
        self.connection.settimeout(self.timeout)

    def log_message(self, format, *arguments):
        pass


class FileServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def get_request(self):
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--url-file", required=True, help="where to write the address, once it is listened on")
    options = parser.parse_args()
    FileHandler.root = os.path.realpath(options.root)
    with FileServer(("127.0.0.1", 0), FileHandler) as server:
        with open(options.url_file + ".new", "w") as file:
            file.write(f"http://127.0.0.1:{server.server_port}/\n")
        os.rename(options.url_file + ".new", options.url_file)
        server.serve_forever()


if __name__ == "__main__":
    main()
