# Everything a new machine needs is set up by the targets themselves; each is safe to repeat.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DELETE_ON_ERROR:
.PHONY: demo test check bench bench-as-of clean

# Python 3.11 puts setuptools into a venv: a file that every start of Python would read there, as it does for no user.
$(READY): pyproject.toml requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "reenact needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^uv==' requirements-dev.txt)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt -e .
	@$(BIN)/uv pip uninstall --quiet --python $(BIN)/python setuptools
	@touch $@

demo: $(READY)
	@$(BIN)/reenact run examples/wine-quality
	@echo
	@$(BIN)/reenact show

test: check
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m benchmarks

bench-as-of: $(READY)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m benchmarks.as_of

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
