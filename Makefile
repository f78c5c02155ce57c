# Everything works in a fresh clone with Python 3.11 (with venv), make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
ACTIONLINT := v1.7.12
NPM := tests/npm/node_modules/.installed
# Compiled once, not by each worker and each program of a test.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick test test-lowest test-long npm pictures schema-table mutate lint format clean

demo: $(VENV)/.run
	@$(BIN)/python examples/demo/demo.py

test: $(VENV)/.test $(NPM)
	$(PYTEST) $(ARGS)

# The pure rooms and the cases, with few examples a law: no processes, no endurance.
quick: $(VENV)/.test
	HYPOTHESIS_PROFILE=quick $(PYTEST) -m "not process and not endurance" $(ARGS)

# With the lowest version of each library that pyproject.toml allows.
test-lowest: $(BIN)/python
	$(PYTHON) -m venv .venv/lowest
	.venv/lowest/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	.venv/lowest/bin/uv pip install --quiet --python .venv/lowest --resolution lowest-direct \
	  --editable '.[test]'
	.venv/lowest/bin/python -m pytest -n auto $(ARGS)

# Draws many more states, scenes and hostile files, others each time. The million files alone take
# about ten minutes of one core (estimated from a tenth of them).
test-long: $(VENV)/.test $(NPM)
	HYPOTHESIS_PROFILE=long $(PYTEST) $(ARGS)

# Programs of Node.js that tests run; without them those tests are skipped.
npm: $(NPM)

# Draws docs/pictures again, after the look of an output has changed.
pictures: $(VENV)/.run
	$(BIN)/python docs/pictures/draw.py

# Makes the tables of the settings objects again, from the recorded schema of a server.
schema-table: $(VENV)/.run
	$(BIN)/python -m confsync.kinds.make_table confsync/sandbox/schema.json.gz confsync/kinds/tables

# Breaks sync/ in every way that mutmut knows, and lists what no test noticed: docs/development/mutation.md.
mutate: $(VENV)/.mutate
	HYPOTHESIS_PROFILE=quick $(BIN)/mutmut run
	$(BIN)/mutmut results

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(dir $(NPM))

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "confsync needs Python 3.11 or newer; try: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.mutate: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutate]'
	@touch $@

$(VENV)/.lint: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@if ! command -v go >/dev/null; then echo "no go: the test with actionlint is skipped"; \
	elif ! GOBIN="$(abspath $(BIN))" go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT); \
	then echo "go cannot install actionlint: the test with it is skipped"; fi
	@touch $@ $(VENV)/.test $(VENV)/.run

$(NPM): tests/npm/package.json tests/npm/package-lock.json
	@if ! command -v npm >/dev/null; then echo "no npm: its tests are skipped"; \
	elif npm ci --prefix tests/npm --ignore-scripts --no-audit --no-fund --loglevel=error \
	  --fetch-retries=1; \
	then touch $@; \
	else echo "npm cannot install its programs: their tests are skipped"; fi
