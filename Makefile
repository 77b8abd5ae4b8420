# make pipeline   everything on the bundled sample        make lint       the linter and the type checker
# make ui         runs and registry in the browser        make test       the tests (minutes); ONE=tests/test_windows.py runs one file
# make test-faults  files, disks, processes, servers and models that fail, hundreds of times, with a table of what was found
# make test-ui    the registry in a real browser          make test-slow  the tests that need minutes, a second environment or a fresh clone
# make screenshots  the pictures in the README
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --no-strip-extras --no-header --no-annotate --generate-hashes
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
export OMP_WAIT_POLICY := passive

.PHONY: setup lock pipeline ui lint test test-slow test-faults test-ui screenshots
setup: .venv/ready .venv/mlflow-run-ready

.venv/ready: requirements.lock requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "Python 3.11 is needed, this is %d.%d. Hint: make PYTHON=/path/to/python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(INSTALL) -r requirements-build.lock
	$(INSTALL) --no-build-isolation -r requirements.lock
	@touch $@

# Run this after you change a pin. Other locked versions stay as they are. A name with [extras] is written twice, because pip asks
# for the hashes of both spellings. The files name no package index.
lock:
	$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	$(BIN)/python -c 'import pathlib, re; p = pathlib.Path("requirements.lock"); p.write_text(re.sub(r"(?m)^([\w.-]+)\[[^]]+\](==(?:.*\\\n)*.*\n)", r"\g<0>\1\2", p.read_text()))'
	echo 'setuptools==80.9.0' | $(COMPILE) - -o requirements-build.lock

# The plain `mlflow run .` asks conda for its environment. Without conda it uses python_env.yaml and a cache; this target fills the cache.
.venv/mlflow-run-ready: .venv/ready conda.yaml
	@if command -v conda >/dev/null; then echo "conda found: mlflow run will build conda.yaml"; else \
	  { echo 'python: "3.11"'; echo 'build_dependencies: [pip]'; echo 'dependencies:'; sed -n 's/^      - /  - /p' conda.yaml; } > python_env.yaml; \
	  folder=$$(mktemp -d) && cp python_env.yaml $$folder/ && printf 'name: warm\nentry_points: {main: {command: "true"}}\n' > $$folder/MLproject && \
	  { (export PATH="$(CURDIR)/$(BIN):$$PATH"; cd $$folder && MLFLOW_TRACKING_URI=sqlite:///warm.db mlflow run . --env-manager uv > warm.log 2>&1) || \
	    { tail -n 5 $$folder/warm.log; echo "The environment of the plain 'mlflow run' could not be prepared; use 'mlflow run . --env-manager local' with .venv/bin on PATH."; }; }; \
	  rm -rf $$folder; fi
	@touch $@

# The store is made first, because MLflow fails if several commands create it at the same time.
pipeline: setup
	$(BIN)/python -c "from clv.tracking import local_store; local_store.ready()"
	PATH="$(CURDIR)/$(BIN):$$PATH" mlflow run . -e full_pipeline

ui: setup
	@case "$$MLFLOW_TRACKING_URI" in http*) echo "The runs are on $$MLFLOW_TRACKING_URI: open it in a browser."; exit 1;; esac
	$(BIN)/mlflow ui --no-serve-artifacts --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db} --port $${PORT:-5000}

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One file, or one test by its name: make test ONE=tests/test_windows.py, make test ONE="tests/test_windows.py -k labels".
test: setup
	$(BIN)/python -m pytest $(if $(ONE),$(ONE),-m "not slow" -n 2 --dist loadfile)

test-slow: setup
	$(BIN)/python -m pytest -m slow

test-faults: setup
	$(BIN)/python -m pytest $(or $(ONE),tests/faults)

# The browser test. It installs Playwright, and Chromium if there is no browser on PATH.
test-ui: .venv/ui-ready
	$(BIN)/python -m pytest tests/test_ui.py

screenshots: .venv/ui-ready
	PYTHONPATH=. $(BIN)/python tests/screenshots.py

.venv/ui-ready: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["ui"])')
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || $(BIN)/python -m playwright install --with-deps chromium
	@touch $@
