"""A collector of spans for as long as a benchmark runs: it takes what comes and counts it."""

import gzip
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class _Collector(HTTPServer):
    spans = 0


class _Taking(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        """Count the spans of one export."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.server.spans += _count(ExportTraceServiceRequest.FromString(plain))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Say nothing."""


def _count(export: ExportTraceServiceRequest) -> int:
    return sum(len(scope.spans) for resource in export.resource_spans for scope in resource.scope_spans)


def collect(told: Connection) -> None:
    """Serve on a port of loopback, which is told first; then tell the number of spans whenever anything is sent."""
    with _Collector(("127.0.0.1", 0), _Taking) as server:
        server.timeout = 0.2
        told.send(server.server_port)
        while True:
            server.handle_request()
            if told.poll():
                if told.recv() is None:
                    return
                told.send(server.spans)
