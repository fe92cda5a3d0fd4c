# One word for each thing that a person does here. `make setup` needs Python 3.11 and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo up test prove check bench lock
setup: .venv/.ok

.venv/.ok: requirements/uv.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync -q --require-hashes --compile-bytecode --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install -q --no-deps --no-build-isolation --python $(BIN)/python -e .
	touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/house

test: setup
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

prove: setup
	rm -f .prove/seen.jsonl
	COMITY_PROVE=1 $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder; seen=$$?; $(BIN)/python -m tests.crash.table; exit $$seen

bench: setup
	$(BIN)/python -m bench

demo: setup
	$(BIN)/python examples/demo.py

up: setup
	$(BIN)/comity up

LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

lock:
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) --extra image -c requirements/dev.txt pyproject.toml -o requirements/image.txt
