"""A time-stamp authority on the loopback that speaks RFC 3161 over HTTP by ``openssl ts``, and its siblings that are dead, slow or lying."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """
[ req ]
distinguished_name = dn
prompt = no
[ dn ]
CN = {name}
[ ca ]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[ stamps ]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ tsa ]
default_tsa = here
[ here ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {chain}
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """Keys and configuration in ``folder``; ``stamp`` answers a request as ``openssl ts -reply`` does."""

    def __init__(self, folder: Path, *, with_chain: bool = False) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        chain = f"{folder}/ca.pem" if with_chain else ""
        config = folder / "openssl.cnf"
        config.write_text(_CONFIG.format(folder=folder, chain=chain, name="Test time stamps").replace("certs = \n", ""))
        (folder / "serial").write_text("01\n")
        root = _CONFIG.format(folder=folder, chain=chain, name="Test root").replace("certs = \n", "")
        (folder / "ca.cnf").write_text(root)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl(
            "req", "-x509", "-config", f"{folder}/ca.cnf", "-extensions", "ca", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "9"
        )
        self._openssl("req", "-new", "-config", str(config), *key, "-keyout", "tsa.key", "-out", "tsa.csr")
        self._openssl(
            "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem",
            "-days", "9", "-extfile", str(config), "-extensions", "stamps",
        )  # fmt: skip
        self._lock = threading.Lock()

    def _openssl(self, *words: str, data: bytes = b"") -> bytes:
        done = subprocess.run(["openssl", *words], cwd=self.folder, input=data, capture_output=True, timeout=150, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def stamp(self, query: bytes) -> bytes:
        with self._lock:
            (self.folder / "query.tsq").write_bytes(query)
            self._openssl("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
            return (self.folder / "reply.tsr").read_bytes()


@contextlib.contextmanager
def answering(answer: Callable[[bytes], bytes], *, status: int = 200, drip: threading.Event | None = None) -> Iterator[str]:
    """The address of a server that answers every POST by ``answer``; with ``drip`` it holds the last byte back until it is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if drip is None:
                self.wfile.write(body)
                return
            with contextlib.suppress(OSError):
                while not drip.wait(0.05):
                    self.wfile.write(body[:1])
                    self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        if drip is not None:
            drip.set()
        server.shutdown()
        server.server_close()
        thread.join()
