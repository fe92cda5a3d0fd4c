"""COMITY_HOME, opened: the one place where the keepers of one installation are put together."""

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from comity.destinations import Recipients
from comity.errors import NotFound, Unreachable
from comity.evidence.shelves import Bucket, Folder, Where, where
from comity.evidence.vault import Vault
from comity.keys import request_keys, ring
from comity.keys.keys import Keys
from comity.ledger import checkpoint
from comity.ledger.checkpoint import Signer
from comity.register.laws import Laws
from comity.request.lifecycle import OFFICE, OUTSIDE
from comity.settings import Settings
from comity.store import Store

if TYPE_CHECKING:
    from comity.evidence.signing import Signatory

_RING = "master-keys.toml"
_SIGNER = "ledger-signer.key"
_PACKAGES_KEY, _PACKAGES_CERTIFICATE = "package-signer.key", "package-signer.crt"
_FOLDERS = ("vault", "checkpoints", "outgoing", "recipients", "rotas")


@dataclass(frozen=True)
class Home:
    """The keepers of one installation. Close it when done."""

    settings: Settings
    store: Store
    keys: Keys
    vault: Vault
    laws: Laws

    @property
    def folder(self) -> Path:
        """Where all state lies."""
        return self.settings.home

    @property
    def checkpoints(self) -> Path:
        """The second place where each day's checkpoint is written."""
        return self.folder / "checkpoints"

    @property
    def ring_path(self) -> Path:
        """The master key ring's file."""
        return self.folder / _RING

    def recipient(self, name: str) -> Path:
        """The file with the age public key of a recipient."""
        return self.folder / "recipients" / f"{name}.age"

    def recipient_certificate(self, name: str) -> Path:
        """The file with the certificate by which a recipient signs receipts; without an age key, packages are its."""
        return self.folder / "recipients" / f"{name}.crt"

    def recipient_key(self, name: str) -> str:
        """What packages for a recipient are closed to: its age key, else its certificate.

        Raises NotFound, naming the recipients whose keys are here.
        """
        for path in (self.recipient(name), self.recipient_certificate(name)):
            with suppress(OSError):
                return path.read_text().strip()
        files = [path for ending in ("age", "crt") for path in self.recipient("").parent.glob(f"*.{ending}")]
        known = ", ".join(sorted({path.stem for path in files})) or "none yet"
        raise NotFound(
            f"no public key of that recipient here; there are: {known} (COMITY_HOME/recipients/NAME.age or NAME.crt)"
        )

    @property
    def recipients(self) -> Recipients:
        """Where recipients take their packages."""
        return Recipients(self.folder)

    @property
    def rotas(self) -> Path:
        """Where the rotas lie, as ROLE.ics."""
        return self.folder / "rotas"

    def outgoing(self, recipient: str) -> Path:
        """The folder in which packages for a recipient are left."""
        return self.folder / "outgoing" / recipient

    def signer(self) -> Signer:
        """Who signs the ledger's checkpoints: one process of the installation."""
        return Signer.open(self.folder / _SIGNER, self.settings.origin)

    def signatory(self) -> "Signatory":
        """Who signs the packages that leave. Raises NotFound, Unreadable."""
        from comity.evidence.signing import Signatory  # half a second, which only what signs has to wait

        return Signatory.open(self.folder / _PACKAGES_KEY, self.folder / _PACKAGES_CERTIFICATE)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()


def make(settings: Settings, at: datetime) -> Home:
    """Make what is missing of a home, bring its database to the newest schema, and open it. Safe to repeat.

    Raises Unreachable when a key file is away under which something stands: making another would lose it for ever.
    """
    folder = settings.home
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _FOLDERS:
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    _starter_people(folder / "people.toml")
    home = _opened(settings)
    home.store.migrate()
    with home.store.transaction() as tx:
        _make_keys(home, tx)
        home.keys.create_service(tx, at)
    _make_signatory(home, at)
    return home


def _make_keys(home: Home, tx: sa.Connection) -> None:
    """The ring and the signer of a new home. One that has sealed or signed lacks its own: another would not do."""
    if not home.ring_path.exists():
        if request_keys.in_use(tx):
            raise Unreachable(f"the key ring {_RING} is away, and keys are wrapped under it; put its file back")
        ring.create(home.ring_path)
    if not (home.folder / _SIGNER).exists():
        if checkpoint.newest(tx):
            raise Unreachable(f"the signer's key {_SIGNER} is away, and the ledger is signed by it; put its file back")
        Signer.create(home.folder / _SIGNER, home.settings.origin)


def _make_signatory(home: Home, at: datetime) -> None:
    """A key and a certificate to sign packages with; one that is away is made anew: what it signed stays as it was."""
    key, certificate = home.folder / _PACKAGES_KEY, home.folder / _PACKAGES_CERTIFICATE
    if not key.exists():
        from comity.evidence import signing  # as above

        certificate.unlink(missing_ok=True)
        signing.create(key, certificate, f"central authority of {home.settings.own_state}", at)


_STARTER = """\
# The people of this authority. Each has an opaque id, which is all that the ledger ever shows of them.
# Roles: {roles}.
# What one person proposes another must decide: add a second one before real work.
[people.p-first]
roles = ["coordinator", "duty officer", "reviewer", "evidence officer", "head of unit"]
unit = "central authority"
time_zone = "UTC"
mail = "first@ca.example"
os_user = "{user}"
"""


def _starter_people(path: Path) -> None:
    """A file to begin with: whoever made the home, holding what one person may hold."""
    if not path.exists():
        user = pwd.getpwuid(os.getuid()).pw_name
        path.write_text(_STARTER.format(roles=", ".join(sorted(OFFICE | OUTSIDE)), user=user))


def bucket_of(settings: Settings) -> Where | None:
    """Where the exhibits lie, when not in a folder of the home. Raises Unreadable."""
    if settings.vault is None:
        return None
    secret = settings.vault_secret.get_secret_value() if settings.vault_secret else None
    reached_by = {"endpoint": settings.vault_endpoint, "region": settings.vault_region}
    return where(settings.vault, key=settings.vault_key, secret=secret, **reached_by)


def open_home(settings: Settings) -> Home:
    """Open a home that was made. Raises Unreachable when there is none."""
    if not (settings.home / _RING).exists():
        raise Unreachable(f"there is no COMITY_HOME at {settings.home}: `comity up` makes one, or name yours")
    return _opened(settings)


def _opened(settings: Settings) -> Home:
    store = Store(settings.database_url)
    return Home(
        settings=settings,
        store=store,
        keys=Keys(store, settings.home / _RING),
        vault=Vault(Bucket(place) if (place := bucket_of(settings)) else Folder(settings.home / "vault")),
        laws=Laws(store, settings.law, settings.home),
    )
