"""What a package promises from the vault to the receipt, through every fault on the way."""

import hashlib
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import ComityError, NotFound, Refused, Tampered, Unreadable
from comity.evidence import bundle, package, receiving, recipient, signing
from comity.evidence.bundle import Enclosure, Signing, Trust
from comity.evidence.manifest import Manifest, Receipt, check_receipt
from comity.evidence.signing import Signatory
from comity.evidence.vault import Vault
from tests.evidence.enclosures import (
    CONTENT,
    ENCLOSURE,
    MANIFEST,
    TODAY,
    contents,
    enclosure_of,
    sealed,
    sender,
    signs,
    trust,
)
from tests.pki import authority, holder
from tests.results import Results

from .conftest import MIB, NOW, ONE, REFERENCE, THREE, TWO, Generated, Safe, generated, memory_flat

UNPROVEN_DIGEST = "bece26360973ea031f15265d6e51a8cb740707e7543da6f81cb184f5f5bce827"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The identity file of the recipient."""
    recipient.create(tmp_path / "identity.txt")
    return tmp_path / "identity.txt"


@pytest.fixture
def public(identity: Path) -> str:
    """The recipient's public key."""
    return str(recipient.identity(identity).to_public())


Given = Callable[[str], Iterator[bytes]]


def _write(folder: Path, public: str, enclosure: Enclosure = ENCLOSURE, given: Given = contents) -> Path:
    """A package, signed and timestamped."""
    return package.write(folder, enclosure, public, given, signs())[-1]


@pytest.fixture
def written(tmp_path: Path, public: str) -> Path:
    """A package of three exhibits."""
    return _write(tmp_path / "outbox", public)


def _crafted(tmp_path: Path, public: str, plain: bytes) -> Path:
    """A package with whatever inside: whoever knows a public key can encrypt to it."""
    path = tmp_path / "crafted.age"
    path.write_bytes(pyrage.encrypt(plain, [recipient.public_key(public)]))
    return path


@cache
def _plain(by: Signing | None = None) -> bytes:
    return b"".join(bundle.pack(ENCLOSURE, contents, by or signs()))


def test_what_is_in_a_package_but_its_proofs_is_a_promise() -> None:
    """Recipients read packages with their own software: these bytes change only with the format's number."""
    unproven = _plain()[: _plain().index(b"META-INF/") - 30]
    assert hashlib.sha256(unproven).hexdigest() == UNPROVEN_DIGEST


def test_any_unzip_reads_what_is_inside() -> None:
    with zipfile.ZipFile(io.BytesIO(_plain())) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "mimetype",
            "bag/data/manifest.json",
            "bag/data/conditions.json",
            "bag/data/cover.pdf",
            *(f"bag/data/custody/{exhibit}.jsonld" for exhibit in CONTENT),
            *(f"bag/data/exhibits/{exhibit}" for exhibit in CONTENT),
            "bag/bagit.txt",
            "bag/bag-info.txt",
            "bag/manifest-sha256.txt",
            "bag/manifest-sha512.txt",
            "bag/tagmanifest-sha256.txt",
            "bag/tagmanifest-sha512.txt",
            "META-INF/ASiCManifest001.xml",
            "META-INF/signature001.p7s",
            "META-INF/ASiCManifest002.xml",
            "META-INF/timestamp001.tst",
        ]
        assert archive.read("bag/data/manifest.json") == MANIFEST.canonical()
        assert {exhibit: archive.read(f"bag/data/exhibits/{exhibit}") for exhibit in CONTENT} == CONTENT


def test_a_container_begins_as_magic_numbers_expect_it() -> None:
    """ETSI EN 319 162-1, A.1: the type stands at byte 38."""
    assert _plain()[30:69] == b"mimetypeapplication/vnd.etsi.asic-e+zip"


def test_from_the_vault_to_the_receipt(vault: Vault, safe: Safe, tmp_path: Path, identity: Path, public: str) -> None:
    seals = {name: vault.deposit(io.BytesIO(plain), name, safe.wrapping, at=NOW) for name, plain in CONTENT.items()}
    assert {name: seal.crc32 for name, seal in seals.items()} == {n: sealed(n, b).crc32 for n, b in CONTENT.items()}
    enclosure = replace(ENCLOSURE, seals=seals, manifest=Manifest.of(REFERENCE, "P1", list(seals.values())))
    path = _write(tmp_path / "outbox", public, enclosure, lambda exhibit: vault.read(exhibit, safe.unwrap))
    receipt = receiving.receive(path, identity, tmp_path / "inbox", trust())
    check_receipt(receipt, enclosure.manifest)
    exhibits = tmp_path / "inbox" / "bag" / "data" / "exhibits"
    assert {name: (exhibits / name).read_bytes() for name in CONTENT} == CONTENT
    assert Receipt.model_validate_json((tmp_path / "inbox" / "receipt.json").read_bytes()) == receipt
    assert receipt.content_digest == enclosure.manifest.content_digest


@settings(deadline=None, max_examples=15)
@given(content=st.dictionaries(st.sampled_from([ONE, TWO, THREE]), st.binary(max_size=1100), min_size=1))
def test_whatever_is_packed_is_received(tmp_path_factory: pytest.TempPathFactory, content: dict[str, bytes]) -> None:
    place = tmp_path_factory.mktemp("packed")
    public = recipient.create(place / "identity.txt")
    path = _write(place / "out", public, enclosure_of(content), lambda e: iter([content[e]]))
    receiving.receive(path, place / "identity.txt", place / "in", trust())
    assert {name: (place / "in/bag/data/exhibits" / name).read_bytes() for name in content} == content


def test_nothing_of_a_package_lies_in_the_clear(written: Path) -> None:
    packed = written.read_bytes()
    assert all(word not in packed for word in (b"a statement", b"manifest", ONE.encode(), b"sha256"))
    assert written.stat().st_mode & 0o777 == 0o400


def test_writing_again_is_the_same_file(written: Path, public: str) -> None:
    before = written.read_bytes(), written.stat().st_ino
    assert _write(written.parent, public) == written
    assert (written.read_bytes(), written.stat().st_ino) == before
    assert list(written.parent.iterdir()) == [written]


def test_many_who_write_at_once_leave_one_file(tmp_path: Path, public: str, identity: Path) -> None:
    with ThreadPoolExecutor(4) as many:
        paths = set(many.map(lambda _: _write(tmp_path / "outbox", public), range(4)))
    [path] = paths
    assert list(path.parent.iterdir()) == [path]
    assert receiving.verify(path, identity, trust())[-1].holds


def test_other_content_another_package_or_another_recipient_is_another_file(
    tmp_path: Path, written: Path, public: str
) -> None:
    other_public = recipient.create(tmp_path / "other.txt")
    names = {
        written.name,
        _write(written.parent, public, enclosure_of({ONE: CONTENT[ONE]})).name,
        _write(written.parent, public, enclosure_of(CONTENT, "P2")).name,
        _write(written.parent, other_public).name,
    }
    assert len(names) == 4


def test_the_name_of_a_package_tells_nothing_of_what_is_in_it(tmp_path: Path, written: Path, public: str) -> None:
    """It stands in the clear: a digest of hashes would confirm whoever guesses them. An exhibit's id is sealed once."""
    changed = {key: plain[::-1] for key, plain in CONTENT.items()}
    other = _write(tmp_path / "other", public, enclosure_of(changed), lambda key: iter([changed[key]]))
    assert other.name == written.name


@pytest.mark.parametrize(
    "given_instead",
    [b"a statemenT", b"a statement, and more", b"a state", b""],
    ids=["changed", "longer", "shorter", "empty"],
)
def test_an_exhibit_that_is_not_its_seal_stops_the_package_before_it_is_signed_and_leaves_nothing(
    tmp_path: Path, public: str, given_instead: bytes
) -> None:
    asked: list[bytes] = []

    def others(exhibit: str) -> Iterator[bytes]:
        yield given_instead if exhibit == ONE else CONTENT[exhibit]

    by = Signing(sender(), lambda request: asked.append(request) or b"", (authority().root,))  # type: ignore[func-returns-value]
    with pytest.raises(Tampered, match=f"exhibit {ONE} is not what the manifest says"):
        package.write(tmp_path / "outbox", ENCLOSURE, public, others, by)
    assert list((tmp_path / "outbox").iterdir()) == []
    assert asked == []


def test_an_error_of_the_vault_comes_through_as_it_was(tmp_path: Path, public: str, vault: Vault, safe: Safe) -> None:
    with pytest.raises(NotFound, match="the vault holds no exhibit"):
        _write(tmp_path / "outbox", public, ENCLOSURE, lambda exhibit: vault.read(exhibit, safe.unwrap))
    assert list((tmp_path / "outbox").iterdir()) == []


def test_a_full_disk_is_one_clear_refusal_and_leaves_nothing(tmp_path: Path, public: str, little_room: None) -> None:
    big = {ONE: generated(4 * MIB)}
    with pytest.raises(Refused, match="no room left; nothing was kept"):
        _write(tmp_path / "outbox", public, enclosure_of(big), lambda e: iter([big[e]]))
    assert list((tmp_path / "outbox").iterdir()) == []


def test_a_recipient_whose_disk_is_full_has_no_receipt(
    tmp_path: Path, public: str, identity: Path, request: pytest.FixtureRequest
) -> None:
    big = {ONE: b"small", TWO: generated(4 * MIB)}
    path = _write(tmp_path / "outbox", public, enclosure_of(big), lambda e: iter([big[e]]))
    request.getfixturevalue("little_room")
    with pytest.raises(Refused, match="no room left"):
        receiving.receive(path, identity, tmp_path / "inbox", trust())
    assert [file.name for file in (tmp_path / "inbox/bag/data/exhibits").iterdir()] == [ONE]
    assert not (tmp_path / "inbox/receipt.json").exists()


def test_a_key_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        _write(tmp_path / "outbox", "age1nobody")
    assert not (tmp_path / "outbox").exists()


STEPS = [
    "the identity opens the package",
    "it begins as an ASiC-E container does, with the manifest of a package",
    "its papers are there: conditions, cover list, and the custody of each exhibit",
    f"exhibit {ONE} has the size and the SHA-256 of the manifest",
    f"exhibit {TWO} has the size and the SHA-256 of the manifest",
    f"exhibit {THREE} has the size and the SHA-256 of the manifest",
    "its bag is what its manifests say, by SHA-256 and SHA-512 (BagIt 1.0)",
    "the signed list names each file of the bag with its SHA-256, and no other",
    "nothing more follows, and the encryption is whole to its last byte",
    "the timestamp is of that signature, by the authority that was named",
    "the signature is of that list, by a certificate that was named",
]
BEGINS, PAPERS, FIRST, THIRD, BAG, LIST, ENDS, STAMP, SIGNATURE = 2, 3, 4, 6, 7, 8, 9, 10, 11


def test_every_step_of_a_verification_is_told(written: Path, identity: Path) -> None:
    findings = receiving.verify(written, identity, trust())
    assert [(each.step, each.what, each.holds) for each in findings] == [(n, w, True) for n, w in enumerate(STEPS, 1)]


def test_without_a_timestamp_a_package_is_checked_by_the_certificate_of_today(
    tmp_path: Path, public: str, identity: Path
) -> None:
    path = package.write(tmp_path / "out", ENCLOSURE, public, contents, signs(stamped=False))[-1]
    findings = receiving.verify(path, identity, trust(stamped=False))
    assert [each.what for each in findings] == STEPS[:9] + STEPS[10:]
    assert findings[-1].holds
    asked_for = receiving.verify(path, identity, trust())[-1]
    assert (asked_for.step, asked_for.holds) == (STAMP, False)
    assert "there is no timestamp in it" in asked_for.why_not


def _judged(path: Path, identity: Path, by: Trust) -> str:
    """Why the last step does not hold."""
    finding = receiving.verify(path, identity, by)[-1]
    assert not finding.holds
    return finding.why_not


def test_a_package_of_another_sender_is_refused(tmp_path: Path, public: str, identity: Path) -> None:
    """Whoever knows a public key can encrypt to it; only its sender can sign."""
    signing.create(tmp_path / "key", tmp_path / "crt", "somebody else", TODAY)
    other = Signing(Signatory.open(tmp_path / "key", tmp_path / "crt"), authority().ask, (authority().root,))
    path = package.write(tmp_path / "out", ENCLOSURE, public, contents, other)[-1]
    assert "certificate is not the one named" in _judged(path, identity, trust())
    with pytest.raises(Refused):
        receiving.receive(path, identity, tmp_path / "inbox", trust())
    assert not (tmp_path / "inbox/receipt.json").exists()


def test_a_sender_that_nobody_named_is_no_sender(written: Path, identity: Path) -> None:
    assert "no certificate of the sender was named" in _judged(written, identity, Trust((), (authority().root,), TODAY))


def test_a_timestamp_of_another_authority_is_refused(written: Path, identity: Path) -> None:
    other = holder("another timestamp root").certificate
    assert "not of the authority named" in _judged(written, identity, replace(trust(), authorities=(other,)))


def test_what_was_timestamped_outlives_the_certificate_of_its_sender(written: Path, identity: Path) -> None:
    later = TODAY.replace(year=TODAY.year + 5)
    assert receiving.verify(written, identity, replace(trust(), at=later))[-1].holds
    assert "was not valid on that day" in _judged(written, identity, replace(trust(stamped=False), at=later))


def test_another_identity_opens_nothing(tmp_path: Path, written: Path) -> None:
    recipient.create(tmp_path / "other.txt")
    [finding] = receiving.verify(written, tmp_path / "other.txt", trust())
    assert (finding.step, finding.holds) == (1, False)
    assert "does not open it" in finding.why_not
    with pytest.raises(Refused, match="made for another key"):
        receiving.receive(written, tmp_path / "other.txt", tmp_path / "inbox", trust())
    assert list((tmp_path / "inbox").iterdir()) == []


# --- for a certificate ------------------------------------------------------------------------------------------------


CURVES = [None, ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1(), ec.BrainpoolP384R1()]


@pytest.mark.parametrize("curve", CURVES, ids=[each.name if each else "RSA" for each in CURVES])
def test_a_package_for_a_certificate_has_an_identity_of_its_own_wrapped_beside_it(
    tmp_path: Path, curve: ec.EllipticCurve | None
) -> None:
    lisbon = holder("central authority of XB", curve=curve)
    (tmp_path / "lisbon.pem").write_bytes(lisbon.pem)
    certificate = lisbon.pem[lisbon.pem.index(b"-----BEGIN CERT") :].decode()
    wrapped, path = package.write(tmp_path / "out", ENCLOSURE, certificate, contents, signs())
    assert wrapped == path.with_suffix(".p7m")
    assert package.write(tmp_path / "out", ENCLOSURE, certificate, contents, signs()) == (wrapped, path)
    assert receiving.verify(path, tmp_path / "lisbon.pem", trust())[-1].holds
    for other in (holder("somebody else", curve=curve), replace(lisbon, key=holder("central authority of XB").key)):
        (tmp_path / "other.pem").write_bytes(other.pem)
        with pytest.raises(Refused, match="wrapped for another certificate"):
            receiving.verify(path, tmp_path / "other.pem", trust())
    wrapped.unlink()
    with pytest.raises(NotFound, match="does not lie beside it"):
        receiving.verify(path, tmp_path / "lisbon.pem", trust())


def test_what_was_wrapped_and_not_written_stops_nothing(tmp_path: Path) -> None:
    """A worker died between the two files: another identity is made, and the pair that counts is whole."""
    lisbon = holder("central authority of XB")
    certificate = lisbon.pem[lisbon.pem.index(b"-----BEGIN CERT") :].decode()

    def broken(_: str) -> Iterator[bytes]:
        yield CONTENT[ONE][:3]
        raise ConnectionResetError("the machine went off")

    with pytest.raises(ConnectionResetError):
        package.write(tmp_path / "out", ENCLOSURE, certificate, broken, signs())
    (tmp_path / "lisbon.pem").write_bytes(lisbon.pem)
    _, path = package.write(tmp_path / "out", ENCLOSURE, certificate, contents, signs())
    assert receiving.verify(path, tmp_path / "lisbon.pem", trust())[-1].holds


# --- altered, and crafted ---------------------------------------------------------------------------------------------


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
    pytest.param(lambda file: file[: 5 * 65552], THIRD, id="cut inside an exhibit"),
    pytest.param(lambda file: file[:1_000_000] + b"\0" + file[1_000_001:], THIRD, id="changed inside an exhibit"),
]


@pytest.mark.parametrize(("change", "at_step"), ALTERED)
def test_a_package_altered_on_its_way_is_found_at_its_step(
    tmp_path: Path, written: Path, identity: Path, change: Callable[[bytes], bytes], at_step: int
) -> None:
    altered = _altered(written, change)
    findings = receiving.verify(altered, identity, trust())
    assert [finding.holds for finding in findings] == [True] * (at_step - 1) + [False]
    with pytest.raises(ComityError) as caught:
        receiving.receive(altered, identity, tmp_path / "inbox", trust())
    assert str(caught.value) == findings[-1].why_not
    assert not (tmp_path / "inbox" / "receipt.json").exists()


@pytest.mark.parametrize("change", [lambda file: file[:-1], lambda file: file + b"\0"], ids=["cut", "lengthened"])
def test_one_byte_less_or_more_is_found(written: Path, identity: Path, change: Callable[[bytes], bytes]) -> None:
    assert "altered or cut short" in _judged(_altered(written, change), identity, trust())


def _instead(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    assert len(old) == len(new)
    return lambda plain: plain.replace(old, new)


CRAFTED: list[Any] = [
    pytest.param(lambda plain: b"", BEGINS, id="nothing"),  # noqa: ARG005
    pytest.param(lambda plain: b"junk" * 500, BEGINS, id="no zip"),  # noqa: ARG005
    pytest.param(lambda plain: plain[69:], BEGINS, id="no type"),
    pytest.param(_instead(b'"format":0', b'"format":1'), BEGINS, id="another format"),
    pytest.param(_instead(b'"P1"', b' "P"'), BEGINS, id="not canonical"),
    pytest.param(_instead(b"data/cover.pdf", b"data/cover.exe"), PAPERS, id="another paper"),
    pytest.param(_instead(b"a statement", b"a statemenT"), FIRST, id="another exhibit under the hash"),
    pytest.param(_instead(f"exhibits/{ONE}".encode(), f"exhibits/{TWO}".encode()), FIRST, id="another id"),
    pytest.param(_instead(b"bag/data/exhibits/", b"../../../../../../"), FIRST, id="a path that leaves the folder"),
    pytest.param(_instead(b"BagIt-Version: 1.0", b"BagIt-Version: 0.9"), BAG, id="another bag"),
    pytest.param(_instead(b"xmlenc#sha256", b"xmlenc#sha255"), LIST, id="another list"),
    pytest.param(lambda plain: plain[:-22], ENDS, id="no end"),
    pytest.param(lambda plain: plain + b"\0", ENDS, id="more after the end"),
]


@pytest.mark.parametrize(("change", "at_step"), CRAFTED)
def test_a_package_that_was_crafted_is_found_at_its_step(
    tmp_path: Path, public: str, identity: Path, change: Callable[[bytes], bytes], at_step: int
) -> None:
    """Encryption proves nothing about the sender: what is inside is checked as if an enemy had written it."""
    crafted = _crafted(tmp_path, public, change(_plain()))
    findings = receiving.verify(crafted, identity, trust())
    held = [finding.holds for finding in findings]
    assert held == [True] * (len(held) - 1) + [False]
    assert at_step - 1 <= len(held) <= at_step
    with pytest.raises(Tampered):
        receiving.receive(crafted, identity, tmp_path / "inbox", trust())
    assert not (tmp_path / "inbox" / "receipt.json").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"identity.txt", "crafted.age", "inbox"}


def test_one_bit_flipped_anywhere_is_found(
    tmp_path: Path, public: str, identity: Path, results: Results, *, proving: bool
) -> None:
    """In the file as it travels, and in what only its recipient could have altered before showing it to a court."""
    seed, small = random.SystemRandom().randrange(1 << 32), {ONE: b"a statement", TWO: b"another"}
    chance, count = random.Random(seed), 5000 if proving else 100  # noqa: S311 - it chooses places
    plain = b"".join(bundle.pack(enclosure_of(small), lambda e: iter([small[e]]), signs()))
    sealed_bytes = pyrage.encrypt(plain, [recipient.public_key(public)])
    with results.of("one bit flipped in a package", "found", count=2 * count, seed=seed):
        for kind, whole in (("sealed", sealed_bytes), ("open", plain)):
            for _ in range(count):
                place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
                flipped = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
                (tmp_path / "flipped.age").write_bytes(
                    flipped if kind == "sealed" else pyrage.encrypt(flipped, [recipient.public_key(public)])
                )
                findings = receiving.verify(tmp_path / "flipped.age", identity, trust())
                assert not findings[-1].holds, (kind, place, bit)


def test_a_package_is_received_into_an_empty_folder_only(written: Path, identity: Path, tmp_path: Path) -> None:
    receiving.receive(written, identity, tmp_path / "inbox", trust())
    before = {file.name: file.read_bytes() for file in (tmp_path / "inbox").rglob("*") if file.is_file()}
    with pytest.raises(Refused, match="choose a new one"):
        receiving.receive(written, identity, tmp_path / "inbox", trust())
    assert {file.name: file.read_bytes() for file in (tmp_path / "inbox").rglob("*") if file.is_file()} == before


def test_a_package_that_is_not_there_is_not_found(tmp_path: Path, identity: Path) -> None:
    [finding] = receiving.verify(tmp_path / "none.age", identity, trust())
    assert (finding.holds, finding.why_not) == (False, "no package stands there")


def test_memory_does_not_grow_with_the_package(
    vault: Vault, safe: Safe, tmp_path: Path, public: str, identity: Path, proving: bool
) -> None:
    seal = vault.deposit(Generated((4608 if proving else 64) * MIB), ONE, safe.wrapping, at=NOW)
    enclosure = replace(enclosure_of({ONE: b""}), seals={ONE: seal}, manifest=Manifest.of(REFERENCE, "P1", [seal]))
    _plain()  # whoever signs has loaded what that takes
    with memory_flat(30):
        path = _write(tmp_path / "outbox", public, enclosure, lambda exhibit: vault.read(exhibit, safe.unwrap))
        check_receipt(receiving.receive(path, identity, tmp_path / "inbox", trust()), enclosure.manifest)
