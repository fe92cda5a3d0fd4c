"""The sample package of examples/package: made anew by `python -m tests.evidence.sample`, by a whole invented life.

Whoever wants to see that they can open and check what comes from here needs neither a service nor software of ours.
"""

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509

from tests.lives.life import begun
from tests.office import Office, office
from tests.pki import authority, holder, served, written

SAMPLE = Path("examples/package")
STATEMENT = b"date;amount;currency\n2026-03-02;120.00;EUR\n"
NOTE = "كشف الحساب: nothing in this sample is real.\n".encode()


async def _sent(opened: Office, folder: Path) -> Path:
    """A life up to its package, with two exhibits, one on conditions that the other State accepted."""
    life = await begun(opened, "p3-bank-records-three-measures", folder)
    await life.arrives()
    await life.is_granted("M1")
    obtained = [await life.obtains("M1", content) for content in (STATEMENT, NOTE)]
    await life.is_done("M1")
    await life.approves(*obtained)
    return await life.leaves()


def certificate_of(pem: bytes) -> bytes:
    """The certificate in a file that holds a key as well."""
    return pem[pem.index(b"-----BEGIN CERTIFICATE") :]


async def make(into: Path) -> None:
    """The package, the identity wrapped beside it, the recipient's key, the certificates of sender and authority."""
    lisbon, stamping = holder("central authority of XB, invented"), authority()
    with TemporaryDirectory() as name, served(stamping) as url:
        folder = Path(name)
        root = written(folder / "tsa.crt", stamping.root)
        async with office(folder, tsa=url, tsa_certificates=root) as opened:
            opened.home.recipient_certificate("requester").write_bytes(certificate_of(lisbon.pem))
            package = await _sent(opened, folder)
            _lay_out(into, package, opened.home.signatory().certificates)
    written(into / "tsa.crt", stamping.root)
    (into / "recipient.pem").write_bytes(lisbon.pem)


def _lay_out(into: Path, package: Path, sender: tuple[x509.Certificate, ...]) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    shutil.copyfile(package, into / "package.age")
    shutil.copyfile(package.with_suffix(".p7m"), into / "package.p7m")
    written(into / "sender.crt", *sender)


if __name__ == "__main__":
    asyncio.run(make(SAMPLE))
