"""A server with addresses to which a package may be put, over TLS under an authority of its own."""

import http.server
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass
class Addresses:
    """What was put, by path. `answers`: status codes to give instead of taking it. `loses`: answers that never come."""

    folder: Path
    port: int = 0
    put: dict[str, bytes] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    loses: int = 0
    puts: int = 0
    readable: bool = True

    def fresh(self) -> str:
        """A new signed address."""
        return f"https://127.0.0.1:{self.port}/put/{secrets.token_hex(8)}?signature={secrets.token_urlsafe(32)}"

    def known_to(self, recipients: Path, name: str) -> str:
        """Write the files by which the next package for that recipient comes here. Returns the address."""
        address = self.fresh()
        (recipients / f"{name}.url").write_text(f"{address}\n")
        (recipients / f"{name}.url").chmod(0o600)
        (recipients / f"{name}.ca").write_bytes((self.folder / "ca.pem").read_bytes())
        (recipients / f"{name}.toml").write_text(f'by = "https"\nurl = "{name}.url"\nauthority = "{name}.ca"\n')
        return address


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    addresses: Addresses

    def do_PUT(self) -> None:
        """Keep what is put, unless something lies there."""
        here, content = self.addresses, self.rfile.read(int(self.headers["Content-Length"]))
        if here.answers:
            self._answer(here.answers.pop(0))
        elif self.path in here.put and self.headers["If-None-Match"] == "*":
            self._answer(412)
        else:
            here.put[self.path] = content
            here.puts += 1
            self._lose() if here.loses else self._answer(201)

    def do_GET(self) -> None:
        """Give what was put."""
        found = self.addresses.put.get(self.path) if self.addresses.readable else None
        self._answer(200 if found is not None else 403, found or b"")

    def _lose(self) -> None:
        self.addresses.loses -= 1
        self.close_connection = True
        self.connection.close()

    def _answer(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def addresses(folder: Path) -> Iterator[Addresses]:
    """A server that listens as long as the block lasts."""
    folder.mkdir()
    here = Addresses(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"addresses": here}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> Path:
    """A certificate for loopback with its key, under an authority whose own is `ca.pem`."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    basics = x509.BasicConstraints(ca=True, path_length=0)
    ca = _named(issuer, issuer, authority).add_extension(basics, critical=True).sign(authority, hashes.SHA256())
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    own = _named(subject, issuer, key).add_extension(loopback, critical=False).sign(authority, hashes.SHA256())
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(own.public_bytes(serialization.Encoding.PEM) + private)
    return path


def _named(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )
