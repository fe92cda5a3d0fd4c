"""What a package promises from the vault to the receipt, through every fault on the way."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import ComityError, NotFound, Refused, Tampered, Unreadable
from comity.evidence import bundle, package, receiving, recipient
from comity.evidence.manifest import Item, Manifest, Receipt, check_receipt
from comity.evidence.vault import Vault

from .conftest import MIB, NOW, ONE, REFERENCE, THREE, TWO, Generated, Safe, generated, resident_mib

CONTENT = {ONE: b"a statement", TWO: b"", THREE: generated(2 * MIB + 7)}
PLAIN_DIGEST = "89ef7e10f9ffda1bdbcd65cae058efdc50bc9ba381a72793c8d3926cd2b68133"


def _contents(exhibit: str) -> Iterator[bytes]:
    yield CONTENT[exhibit]


def _manifest(content: dict[str, bytes], name: str = "P1") -> Manifest:
    items = [Item(id=e, size=len(b), sha256=hashlib.sha256(b).hexdigest()) for e, b in sorted(content.items())]
    return Manifest(reference=REFERENCE, package=name, exhibits=tuple(items))


MANIFEST = _manifest(CONTENT)


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The identity file of the recipient."""
    recipient.create(tmp_path / "identity.txt")
    return tmp_path / "identity.txt"


@pytest.fixture
def public(identity: Path) -> str:
    """The recipient's public key."""
    return str(recipient.identity(identity).to_public())


@pytest.fixture
def written(tmp_path: Path, public: str) -> Path:
    """A package of three exhibits."""
    return package.write(tmp_path / "outbox", MANIFEST, public, _contents)


def _crafted(tmp_path: Path, public: str, plain: bytes) -> Path:
    """A package with whatever inside: whoever knows a public key can encrypt to it."""
    path = tmp_path / "crafted.age"
    path.write_bytes(pyrage.encrypt(plain, [recipient.public_key(public)]))
    return path


def _plain(manifest: Manifest = MANIFEST, contents: Callable[[str], Iterator[bytes]] = _contents) -> bytes:
    return b"".join(bundle.pack(manifest, contents))


def test_the_plain_form_of_a_package_is_a_promise() -> None:
    """Recipients read packages with their own software: these bytes change only with the format's number."""
    assert hashlib.sha256(_plain()).hexdigest() == PLAIN_DIGEST


def test_any_tar_reads_what_is_inside() -> None:
    with tarfile.open(fileobj=io.BytesIO(_plain())) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar}
        assert list(files) == ["manifest.json", *(f"exhibits/{item.id}" for item in MANIFEST.exhibits)]
        read = {name: file.read() for name, file in files.items() if file}
    assert read["manifest.json"] == MANIFEST.canonical()
    assert {name[9:]: content for name, content in read.items() if name != "manifest.json"} == CONTENT


def test_an_exhibit_beyond_eight_gib_still_has_a_header_of_one_block() -> None:
    header = bundle._header(f"exhibits/{ONE}", 20 << 30)
    assert len(header) == 512
    assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").size == 20 << 30


def test_from_the_vault_to_the_receipt(vault: Vault, safe: Safe, tmp_path: Path, identity: Path, public: str) -> None:
    seals = [vault.deposit(io.BytesIO(plain), name, safe.wrapping, at=NOW) for name, plain in CONTENT.items()]
    manifest = Manifest.of(REFERENCE, "P1", seals)
    path = package.write(tmp_path / "outbox", manifest, public, lambda exhibit: vault.read(exhibit, safe.unwrap))
    receipt = receiving.receive(path, identity, tmp_path / "inbox", at=NOW)
    check_receipt(receipt, manifest)
    assert {name: (tmp_path / "inbox" / name).read_bytes() for name in CONTENT} == CONTENT
    assert Receipt.model_validate_json((tmp_path / "inbox" / "receipt.json").read_bytes()) == receipt
    assert receipt.content_digest == manifest.content_digest


@settings(deadline=None, max_examples=30)
@given(content=st.dictionaries(st.sampled_from([ONE, TWO, THREE]), st.binary(max_size=1100), min_size=1))
def test_whatever_is_packed_is_received(tmp_path_factory: pytest.TempPathFactory, content: dict[str, bytes]) -> None:
    place = tmp_path_factory.mktemp("packed")
    public = recipient.create(place / "identity.txt")
    path = package.write(place / "out", _manifest(content), public, lambda e: iter([content[e]]))
    receiving.receive(path, place / "identity.txt", place / "in", at=NOW)
    assert {name: (place / "in" / name).read_bytes() for name in content} == content


def test_nothing_of_a_package_lies_in_the_clear(written: Path) -> None:
    sealed = written.read_bytes()
    assert all(word not in sealed for word in (b"a statement", b"manifest", ONE.encode(), b"sha256"))
    assert written.stat().st_mode & 0o777 == 0o400


def test_writing_again_is_the_same_file(written: Path, public: str) -> None:
    before = written.read_bytes(), written.stat().st_ino
    assert package.write(written.parent, MANIFEST, public, _contents) == written
    assert (written.read_bytes(), written.stat().st_ino) == before
    assert list(written.parent.iterdir()) == [written]


def test_many_who_write_at_once_leave_one_file(tmp_path: Path, public: str, identity: Path) -> None:
    with ThreadPoolExecutor(4) as many:
        paths = set(many.map(lambda _: package.write(tmp_path / "outbox", MANIFEST, public, _contents), range(4)))
    [path] = paths
    assert list(path.parent.iterdir()) == [path]
    assert receiving.verify(path, identity)[-1].holds


def test_other_content_another_package_or_another_recipient_is_another_file(
    tmp_path: Path, written: Path, public: str
) -> None:
    other_public = recipient.create(tmp_path / "other.txt")
    less = _manifest({ONE: CONTENT[ONE]})
    names = {
        written.name,
        package.write(written.parent, less, public, _contents).name,
        package.write(written.parent, _manifest(CONTENT, "P2"), public, _contents).name,
        package.write(written.parent, MANIFEST, other_public, _contents).name,
    }
    assert len(names) == 4


def test_the_name_of_a_package_tells_nothing_of_what_is_in_it(tmp_path: Path, written: Path, public: str) -> None:
    """It stands in the clear: a digest of hashes would confirm whoever guesses them. An exhibit's id is sealed once."""
    changed = {key: plain[::-1] for key, plain in CONTENT.items()}
    other = package.write(tmp_path / "other", _manifest(changed), public, lambda key: iter([changed[key]]))
    assert other.name == written.name


@pytest.mark.parametrize(
    "given_instead",
    [b"a statemenT", b"a statement, and more", b"a state", b""],
    ids=["changed", "longer", "shorter", "empty"],
)
def test_an_exhibit_that_is_not_its_seal_stops_the_package_and_leaves_nothing(
    tmp_path: Path, public: str, given_instead: bytes
) -> None:
    def contents(exhibit: str) -> Iterator[bytes]:
        yield given_instead if exhibit == ONE else CONTENT[exhibit]

    with pytest.raises(Tampered, match=f"exhibit {ONE} is not what the manifest says"):
        package.write(tmp_path / "outbox", MANIFEST, public, contents)
    assert list((tmp_path / "outbox").iterdir()) == []


def test_an_error_of_the_vault_comes_through_as_it_was(tmp_path: Path, public: str, vault: Vault, safe: Safe) -> None:
    with pytest.raises(NotFound, match="the vault holds no exhibit"):
        package.write(tmp_path / "outbox", MANIFEST, public, lambda exhibit: vault.read(exhibit, safe.unwrap))
    assert list((tmp_path / "outbox").iterdir()) == []


def test_a_full_disk_is_one_clear_refusal_and_leaves_nothing(tmp_path: Path, public: str, little_room: None) -> None:
    big = {ONE: generated(4 * MIB)}
    with pytest.raises(Refused, match="no room left; nothing was kept"):
        package.write(tmp_path / "outbox", _manifest(big), public, lambda e: iter([big[e]]))
    assert list((tmp_path / "outbox").iterdir()) == []


def test_a_recipient_whose_disk_is_full_has_no_receipt(
    tmp_path: Path, public: str, identity: Path, request: pytest.FixtureRequest
) -> None:
    big = {ONE: b"small", TWO: generated(4 * MIB)}
    path = package.write(tmp_path / "outbox", _manifest(big), public, lambda e: iter([big[e]]))
    request.getfixturevalue("little_room")
    with pytest.raises(Refused, match="no room left"):
        receiving.receive(path, identity, tmp_path / "inbox", at=NOW)
    assert [file.name for file in (tmp_path / "inbox").iterdir()] == [ONE]


def test_a_key_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        package.write(tmp_path / "outbox", MANIFEST, "age1nobody", _contents)
    assert not (tmp_path / "outbox").exists()


def test_every_step_of_a_verification_is_told(written: Path, identity: Path) -> None:
    findings = receiving.verify(written, identity)
    assert [(finding.step, finding.what, finding.holds) for finding in findings] == [
        (1, "the identity opens the package", True),
        (2, "it begins with a manifest of format 0", True),
        (3, f"exhibit {ONE} has the size and the hash of the manifest", True),
        (4, f"exhibit {TWO} has the size and the hash of the manifest", True),
        (5, f"exhibit {THREE} has the size and the hash of the manifest", True),
        (6, "nothing more follows, and the encryption is whole to its last byte", True),
    ]


def test_another_identity_opens_nothing(tmp_path: Path, written: Path) -> None:
    recipient.create(tmp_path / "other.txt")
    [finding] = receiving.verify(written, tmp_path / "other.txt")
    assert (finding.step, finding.holds) == (1, False)
    assert "does not open it" in finding.why_not
    with pytest.raises(Refused, match="made for another key"):
        receiving.receive(written, tmp_path / "other.txt", tmp_path / "inbox", at=NOW)
    assert list((tmp_path / "inbox").iterdir()) == []


def _altered(path: Path, change: Callable[[bytes], bytes]) -> Path:
    other = path.with_name("altered.age")
    other.write_bytes(change(path.read_bytes()))
    return other


ALTERED: list[Any] = [
    pytest.param(lambda file: b"", 1, id="empty"),  # noqa: ARG005
    pytest.param(lambda file: b"a letter" + file, 1, id="no package"),
    pytest.param(lambda file: file[:150], 1, id="cut inside the header"),
    pytest.param(lambda file: file[:1000], 1, id="cut inside the first piece"),
    pytest.param(lambda file: file[:400] + b"\0" + file[401:], 1, id="changed at its beginning"),
    pytest.param(lambda file: file[: 5 * 65552], 5, id="cut inside an exhibit"),
    pytest.param(lambda file: file[:1_000_000] + b"\0" + file[1_000_001:], 5, id="changed inside an exhibit"),
    pytest.param(lambda file: file[:-1], 5, id="cut by one byte"),
    pytest.param(lambda file: file + b"\0", 5, id="lengthened by one byte"),
]


@pytest.mark.parametrize(("change", "at_step"), ALTERED)
def test_a_package_altered_on_its_way_is_found_at_its_step(
    tmp_path: Path, written: Path, identity: Path, change: Callable[[bytes], bytes], at_step: int
) -> None:
    altered = _altered(written, change)
    findings = receiving.verify(altered, identity)
    assert [finding.holds for finding in findings] == [True] * (at_step - 1) + [False]
    with pytest.raises(ComityError) as caught:
        receiving.receive(altered, identity, tmp_path / "inbox", at=NOW)
    assert str(caught.value) == findings[-1].why_not
    assert not (tmp_path / "inbox" / "receipt.json").exists()


OTHER = {**CONTENT, ONE: b"a statemenT"}
CRAFTED: list[Any] = [
    pytest.param(b"", 2, id="nothing"),
    pytest.param(b"junk" * 500, 2, id="no tar"),
    pytest.param(_plain()[512:], 2, id="no manifest"),
    pytest.param(_plain().replace(b'"format":0', b'"format":1'), 2, id="another format"),
    pytest.param(_plain().replace(b'"P1"', b' "P"'), 2, id="not canonical"),
    pytest.param(_plain().replace(b"a statement", b"a statemenT"), 3, id="another exhibit under the hash"),
    pytest.param(_plain().replace(f"exhibits/{ONE}".encode(), f"exhibits/{TWO}".encode()), 3, id="another id"),
    pytest.param(_plain().replace(b"exhibits/", b"../../../"), 3, id="a path that leaves the folder"),
    pytest.param(_plain()[:-1024], 6, id="no end"),
    pytest.param(_plain() + b"\0", 6, id="more after the end"),
    pytest.param(_plain()[:-1024] + bundle._header("extra", 0) + bytes(1024), 6, id="one more file"),
]


@pytest.mark.parametrize(("plain", "at_step"), CRAFTED)
def test_a_package_that_was_crafted_is_found_at_its_step(
    tmp_path: Path, public: str, identity: Path, plain: bytes, at_step: int
) -> None:
    """Encryption proves nothing about the sender: what is inside is checked as if an enemy had written it."""
    crafted = _crafted(tmp_path, public, plain)
    findings = receiving.verify(crafted, identity)
    assert [finding.holds for finding in findings] == [True] * (at_step - 1) + [False]
    with pytest.raises(Tampered):
        receiving.receive(crafted, identity, tmp_path / "inbox", at=NOW)
    assert not (tmp_path / "inbox" / "receipt.json").exists()
    assert {file.name for file in (tmp_path / "inbox").iterdir()} <= set(CONTENT)


def test_a_package_is_received_into_an_empty_folder_only(written: Path, identity: Path, tmp_path: Path) -> None:
    receiving.receive(written, identity, tmp_path / "inbox", at=NOW)
    before = {file.name: file.read_bytes() for file in (tmp_path / "inbox").iterdir()}
    with pytest.raises(Refused, match="choose a new one"):
        receiving.receive(written, identity, tmp_path / "inbox", at=NOW)
    assert {file.name: file.read_bytes() for file in (tmp_path / "inbox").iterdir()} == before


def test_a_package_that_is_not_there_is_not_found(tmp_path: Path, identity: Path) -> None:
    [finding] = receiving.verify(tmp_path / "none.age", identity)
    assert (finding.holds, finding.why_not) == (False, "no package stands there")


def test_memory_does_not_grow_with_the_package(
    vault: Vault, safe: Safe, tmp_path: Path, public: str, identity: Path, proving: bool
) -> None:
    highest = [before := resident_mib()]
    seal = vault.deposit(Generated((2048 if proving else 64) * MIB), ONE, safe.wrapping, at=NOW)

    def watched(exhibit: str) -> Iterator[bytes]:
        return vault.read(exhibit, safe.unwrap, progress=lambda _: highest.append(resident_mib()))

    manifest = Manifest.of(REFERENCE, "P1", [seal])
    path = package.write(tmp_path / "outbox", manifest, public, watched)
    check_receipt(receiving.receive(path, identity, tmp_path / "inbox", at=NOW), manifest)
    highest.append(resident_mib())
    assert max(highest) - before < 30
