"""The repository as its own tests read it: its Python as trees, all else as text."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("comity", "workflows", "activities", "temporal", "desk")


@dataclass(frozen=True)
class Source:
    """One Python file: its dotted name, where it lies, and its tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def where(self) -> str:
        """Its path inside the repository."""
        return self.path.relative_to(ROOT).as_posix()


@cache
def house() -> tuple[Source, ...]:
    """Every module of the five rooms, and worker.py."""
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple(source_of(path) for path in (*files, ROOT / "worker.py"))


@cache
def proofs() -> tuple[Source, ...]:
    """Every module of the tests."""
    return tuple(source_of(path) for path in sorted((ROOT / "tests").rglob("*.py")))


def source_of(path: Path) -> Source:
    """A file, read."""
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return Source(dotted.removesuffix(".__init__"), path, ast.parse(path.read_text()))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def spelt(node: ast.AST) -> str:
    """A name as it is written: `datetime.now`; "" for what is no name."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that a tree imports, and every name that it imports from one, dotted. Imports are absolute here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text file of the repository, as (path, text); what .gitignore names is not of it."""
    return tuple((path.relative_to(ROOT).as_posix(), path.read_text()) for path in _files() if _is_text(path))


def _files() -> Iterator[Path]:
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()] + [".git"]
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(name for name in inner if not any(fnmatch(name, pattern) for pattern in ignored))
        yield from (Path(folder) / name for name in sorted(names) if name != ".git")  # a worktree has a file there


def _is_text(path: Path) -> bool:
    return b"\0" not in path.read_bytes()[:8192]


def pages() -> list[tuple[str, str]]:
    """README, CHANGELOG and everything in docs, as (path, text)."""
    return [(where, text) for where, text in texts() if where.endswith(".md")]
