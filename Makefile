# make pipeline   everything on the bundled sample        make lint       the linter and the type checker
# make ui         runs and registry in the browser        make test       the tests (minutes); ONE=tests/test_windows.py runs one file
# make test-faults  files, disks, processes, servers and models that fail, hundreds of times, with a table of what was found
# make test-ui    the registry in a real browser          make test-slow  the tests that need minutes, a second environment or a fresh clone
# make screenshots  the pictures in the README         make sbom       sbom.json: every package, its version, its licence
# make test-airflow  the graphs of deploy/airflow on a real Airflow
# make test-platform  every command on PostgreSQL, an object store, accounts and a proxy; make lint-deploy  the files of deploy/ alone
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile
COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --no-strip-extras --no-header --no-annotate --generate-hashes
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
export OMP_WAIT_POLICY := passive

.PHONY: setup lock sbom pipeline ui lint lint-deploy test test-slow test-faults test-ui test-airflow test-platform screenshots
setup: .venv/ready .venv/mlflow-run-ready

.venv/ready: requirements-dev.lock requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "Python 3.11 is needed, this is %d.%d. Hint: make PYTHON=/path/to/python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear .venv
	$(INSTALL) -r requirements-build.lock
	$(INSTALL) --no-build-isolation -r requirements-dev.lock
	@touch $@

# Run this after you change a pin. Other locked versions stay as they are. The files name no package index: requirements.lock is the engine
# alone, requirements-dev.lock has what checks it, too, and deploy/requirements.lock what a tracking server needs. conda.yaml holds the digest of the first, because MLflow keeps an environment as
# long as that text is the same.
lock:
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock pyproject.toml -o requirements.lock
	$(COMPILE) --constraint requirements-dev.lock --extra server pyproject.toml -o deploy/requirements.lock
	echo 'setuptools==80.9.0' | $(COMPILE) - -o requirements-build.lock
	$(COMPILE) --strip-extras deploy/airflow/requirements.in -o deploy/airflow/requirements.lock
	$(BIN)/python deploy/locks.py

# CycloneDX; --output-reproducible leaves out the hour, so the same packages give the same file.
sbom: .venv/ready
	$(BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml --output-file sbom.json $(BIN)/python

# The plain `mlflow run .` asks conda for its environment. Without conda it takes .venv.
.venv/mlflow-run-ready: .venv/ready conda.yaml deploy/plain_mlflow_run.py
	@if command -v conda >/dev/null; then echo "conda found: mlflow run will build conda.yaml"; else $(BIN)/python deploy/plain_mlflow_run.py; fi
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

# The graphs of deploy/airflow on a real Airflow, which has an environment of its own.
test-airflow: setup deploy/airflow/.venv/ready
	$(BIN)/python -m pytest tests/airflow

deploy/airflow/.venv/ready: deploy/airflow/requirements.lock
	$(PYTHON) -m venv --clear deploy/airflow/.venv
	$(INSTALL:$(BIN)/%=deploy/airflow/$(BIN)/%) -r deploy/airflow/requirements.lock
	@touch $@

# The tests of deploy/ with real parts. They install those that PyPI has; PostgreSQL is the system's (apt-get install postgresql).
test-platform: .venv/platform-ready
	$(BIN)/python -m pytest tests/platform

lint-deploy: .venv/platform-ready
	$(BIN)/python -m pytest tests/platform/test_compose.py tests/platform/test_linters.py

screenshots: .venv/ui-ready
	PYTHONPATH=. $(BIN)/python tests/screenshots.py

.venv/ui-ready: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["ui"])')
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || $(BIN)/python -m playwright install --with-deps chromium
	@touch $@

.venv/platform-ready: .venv/ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c 'import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; print(*extras["platform"], *extras["server"])')
	@touch $@
