"""A network of providers on this machine: a proxy that answers for their hosts, for libraries that are not modified."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

PORTAL = "<html><body>Welcome to the hotel. Please log in.</body></html>"
DOMAINS = ("yahoo.com", "finance.yahoo.com", "stlouisfed.org", "binance.com", "kraken.com")
"""What the certificate is for: each subdomain of these."""


@dataclass(frozen=True)
class Answer:
    """A response of HTTP."""

    status: int
    text: str
    kind: str = "application/json"


class Site(Protocol):
    """A provider; the answer None ends the connection without a response."""

    @property
    def hosts(self) -> tuple[str, ...]: ...

    def answer(self, host: str, path: str, query: dict[str, str]) -> Answer | None: ...


def faulty(fault: int | str, nonsense: str) -> Answer | None:
    """The answer that a fault makes: a status of HTTP, "portal", "drop" or "nonsense"."""
    if fault == "drop":
        return None
    if fault == "portal":
        return Answer(200, PORTAL, "text/html")
    if fault == "nonsense":
        return Answer(200, nonsense)
    return Answer(int(fault), "Too Many Requests" if fault == 429 else PORTAL, "text/html")


@dataclass
class Network:
    """The ``sites`` that can be reached. ``address`` and ``authority`` belong into HTTPS_PROXY and CURL_CA_BUNDLE."""

    address: str
    authority: Path
    sites: tuple[Site, ...] = ()


class Service(ThreadingHTTPServer):
    """A proxy that takes every tunnel for one to itself, and answers in it as the sites say."""

    daemon_threads = True
    network: Network

    def __init__(self, inner: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.inner = inner


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.server.inner.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        parts, host = urlsplit(self.path), self.headers.get("Host", "").partition(":")[0]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        site = next((item for item in self.server.network.sites if host in item.hosts), None)
        found = site.answer(host, unquote(parts.path), query) if site else None
        if found is None:
            self.close_connection = True
            self.connection.close()
        else:
            self._send(found)

    def do_POST(self) -> None:
        self.do_GET()

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes only the socket that the tunnel was made of

    def _send(self, answer: Answer) -> None:
        body = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[Network]:
    """A network without any site, behind a proxy whose certificate is written to ``folder``."""
    certificate, key = _certificate(folder)
    inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inner.load_cert_chain(certificate, key)
    server = Service(inner)
    server.network = Network(f"http://127.0.0.1:{server.server_port}", certificate)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.network
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Of all hosts, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(f"*.{name}") for name in DOMAINS]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "stand-in.pem", folder / "stand-in.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@pytest.fixture(scope="session")
def network_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with serving(tmp_path_factory.mktemp("network")) as network:
        yield network


@pytest.fixture
def network(network_service: Network, monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network without any site, which is the one that this process knows."""
    network_service.sites = ()
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, network_service.address)
    for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(network_service.authority))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return network_service
