"""Where a recipient takes its packages by machine: NAME.toml beside its key in COMITY_HOME/recipients.

by = "sftp"                       # or "https", "s3"; without a file, packages are left in the folder `outgoing`
host = "files.authority.example"
user = "central-authority"
host_key = "pt-central.host"      # a file beside this one: the server's public key, as `ssh-keyscan` prints it
key = "pt-central.ssh"            # a file beside this one, which only its owner may read: the private key of ours

What is secret stands in a file of its own, never in this one (docs/operating.md has one of each).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import tomli
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from comity.errors import NotFound, Refused, Unreadable
from comity.faults import worded
from comity.law.lines import line_of
from comity.request.model import Channel

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A file beside the destination's own: a name, and no path."""
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$")]
_OTHERS = 0o077


class _Destination(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Sftp(_Destination):
    """A folder on an SFTP server: its host key is pinned, and we are known by a key of ours."""

    by: Literal[Channel.SFTP]
    host: Host
    port: int = Field(22, ge=1, le=65535)
    user: str = Field(min_length=1)
    folder: str = Field(".", min_length=1, description="where we may write and read; it must be there")
    host_key: FileName
    key: FileName


class SignedUrl(_Destination):
    """An address to which one package may be put, signed by its recipient: whoever has it may do the same."""

    by: Literal[Channel.HTTPS]
    url: FileName
    authority: FileName | None = Field(None, description="certificates that the server is known by; else the system's")


class RecipientsBucket(_Destination):
    """A bucket of the recipient's, and by whose keys we put objects into it."""

    by: Literal[Channel.S3]
    bucket: str = Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?$")
    endpoint: str | None = Field(None, pattern=r"^(https://|http://127\.0\.0\.1:)", description="none: that of AWS")
    region: str = "us-east-1"
    key: str = Field(min_length=1, description="the id of the access key")
    secret: FileName


_KINDS: dict[str, type[_Destination]] = {Channel.SFTP: Sftp, Channel.HTTPS: SignedUrl, Channel.S3: RecipientsBucket}
Destination = Annotated[Sftp | SignedUrl | RecipientsBucket, Field(discriminator="by")]
_READER: TypeAdapter[Sftp | SignedUrl | RecipientsBucket] = TypeAdapter(Destination)


class Recipients:
    """The folder `recipients` of a home, as it stands at this moment."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "recipients"

    def destination(self, name: str) -> Sftp | SignedUrl | RecipientsBucket | None:
        """Where that recipient takes its packages; None where they are left in a folder here.

        Raises Unreadable, with one line for each fault and the line of the file that it stands in.
        """
        try:
            text = (self._folder / f"{name}.toml").read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise Unreadable(f"{_FILE}: cannot be read as text; write it in UTF-8") from None
        try:
            return _READER.validate_python(tomli.loads(text))
        except tomli.TOMLDecodeError as error:
            raise Unreadable(f"{_FILE}: line {error.lineno}: {error.msg}") from None
        except ValidationError as error:
            raise Unreadable("\n".join(_faults(text, error))) from None

    def with_destination(self) -> list[str]:
        """The names of the recipients that have such a file."""
        return sorted(path.stem for path in self._folder.glob("*.toml"))

    def check(self, name: str) -> None:
        """Raises Unreadable, NotFound or Refused unless all that a destination needs is there, and in order."""
        match self.destination(name):
            case Sftp(host_key=host_key, key=key):
                self.public(host_key)
                self.secret(key)
            case SignedUrl(url=url, authority=authority):
                self.secret(url)
                self.public(authority or url)
            case RecipientsBucket(secret=secret):
                self.secret(secret)
            case _:
                raise NotFound(f"{_FILE} is not there; write it, or name another channel in the draft")

    def public(self, name: str) -> Path:
        """A file named in a destination. Raises NotFound, without its name."""
        path = self._folder / name
        if not path.is_file():
            raise NotFound(f"a file that {_FILE} names is not beside it; put it into COMITY_HOME/recipients")
        return path

    def secret(self, name: str) -> Path:
        """A file that holds a secret. Raises NotFound, and Refused when others may read it."""
        path = self.public(name)
        if path.stat().st_mode & _OTHERS:
            raise Refused(f"others may read a secret that {_FILE} names; run chmod 600 on that file")
        return path


_FILE = "recipients/NAME.toml"
"""How a recipient's file is told of: errors name nobody."""


def _faults(text: str, error: ValidationError) -> Iterator[str]:
    """One line for each; the first step of pydantic's places is the kind of destination, where it has one."""
    for fault in error.errors():
        kind, field = fault["loc"][:1], fault["loc"][1:]
        why = worded(fault, _KINDS.get("".join(map(str, kind)), _Destination))
        yield ": ".join([_FILE, f"line {line_of(text, field)}", *map(str, field), why])
