"""What a container promises: any unzip opens it, and nobody reads in it what was not announced."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Tampered
from comity.evidence import container
from comity.evidence.container import Entry

_NAMES = st.text("abcdefghij/.", min_size=1, max_size=12)
FILES = {"one": b"first", "two/three": b"", "four": bytes(range(256)) * 20}


def _packed(files: dict[str, bytes]) -> bytes:
    return b"".join(container.pack((Entry.of(name, content), [content]) for name, content in files.items()))


def _read(plain: bytes) -> dict[str, bytes]:
    return {entry.name: b"".join(content) for entry, content in container.unpack(io.BytesIO(plain))}


@settings(deadline=None)
@given(st.dictionaries(_NAMES.filter(lambda name: name != "mimetype"), st.binary(max_size=300), max_size=6))
def test_what_is_packed_is_what_others_and_we_read(files: dict[str, bytes]) -> None:
    packed = _packed(files)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {"mimetype": container.MIMETYPE, **files}
    assert _read(packed) == files


def test_one_bit_flipped_anywhere_is_found() -> None:
    packed = _packed(FILES)
    for place in range(len(packed)):
        flipped = packed[:place] + bytes([packed[place] ^ 1 << place % 8]) + packed[place + 1 :]
        with pytest.raises(Tampered):
            _read(flipped)


def test_a_beginning_of_it_is_no_container() -> None:
    packed = _packed(FILES)
    for length in range(len(packed)):
        with pytest.raises(Tampered):
            _read(packed[:length])


def test_a_file_that_stands_twice_is_refused() -> None:
    twice = [(Entry.of("one", content), [content]) for content in (b"this", b"that")]
    with pytest.raises(Tampered):
        b"".join(container.pack(twice))


class Sparse:
    """What is read of a container with one file of so many zeros, which is never there as a whole."""

    def __init__(self, size: int) -> None:
        self._pieces = container.pack([(Entry("large", size, 0), _zeros(size))])
        self._held = b""

    def read(self, size: int) -> bytes:
        while len(self._held) < size and (piece := next(self._pieces, None)) is not None:
            self._held += piece
        given, self._held = self._held[:size], self._held[size:]
        return given


def _zeros(size: int) -> Iterator[bytes]:
    piece = bytes(1 << 20)
    for _ in range(size >> 20):
        yield piece


def test_a_file_beyond_four_gib_is_announced_whole() -> None:
    """Its size stands in 64 bits, in a header that any unzip understands; its bytes are not what is tried here."""
    large = Sparse(5 << 30)
    [(entry, _)] = [next(container.unpack(large))]
    assert (entry.name, entry.size) == ("large", 5 << 30)
    whole = io.BytesIO(b"".join(container.pack([(Entry("large", 5 << 30, 7), [])])))
    with zipfile.ZipFile(whole) as archive:
        assert [(each.filename, each.file_size, each.CRC) for each in archive.infolist()][1:] == [("large", 5 << 30, 7)]
