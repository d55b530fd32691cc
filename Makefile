# `make run` starts the service, `make test` runs the tests, `make` lists the other targets.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
# More than there are processors: many tests wait.
WORKERS_FOR_TESTS ?= 5
LINT := lint-types lint-style lint-imports lint-packages lint-security lint-english

.DEFAULT_GOAL := help
.PHONY: help run test coverage lint $(LINT) check golden gallery docs bench soak fuzz lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Vector API needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 run"; exit 1; }
	@echo "Creating .venv ..."
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

# Installs $(2) with one line per package, and on failure what pip says.
define install
	@echo "Installing the packages of $(1).txt (once; about a minute) ..."
	@{ PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r $(1).lock $(2); \
	   echo "exit code $$?"; } 2>&1 | { code=1; failed=; while IFS= read -r line; do case "$$line" in \
	     "exit code "*) code=$${line#exit code };; \
	     ERROR*) failed=1; echo "$$line";; \
	     Collecting\ *|Processing\ *) set -- $$line; echo "  $${2##*/}";; \
	     "Installing collected packages"*) echo "Unpacking them ...";; \
	     *) [ -z "$$failed" ] || echo "$$line";; \
	   esac; done; exit $$code; }
endef

# Python compiles what it imports at the first start; the other bytecode would take 50 MB.
$(STAMP): requirements.lock | $(BIN)/python
	$(call install,requirements,--no-compile)
	@touch $@

# pip would compile with one processor.
$(DEV_STAMP): requirements.lock requirements-dev.lock | $(BIN)/python
	$(call install,requirements-dev,--no-compile)
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true
	@touch $(STAMP) $@

run: $(STAMP) ## start broker, worker and web, and draw a first artboard
	@exec $(BIN)/python start_dev.py $(ARGS)

test: $(DEV_STAMP) ## run the whole test suite
	@$(BIN)/python -m pytest -n $(WORKERS_FOR_TESTS) --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: $(DEV_STAMP) ## run the test suite and report the coverage of all its processes
	@$(BIN)/python -m pytest -n $(WORKERS_FOR_TESTS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered $(ARGS)

# Separate targets, which `make -j 2 lint` runs side by side.
lint: $(LINT) ## check style, types, imports, dependencies and English

lint-style: $(DEV_STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

lint-types: $(DEV_STAMP)
	@$(BIN)/mypy

lint-imports: $(DEV_STAMP)
	@$(BIN)/lint-imports

lint-packages: $(DEV_STAMP)
	@$(BIN)/deptry .

lint-security: $(DEV_STAMP)
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml app.py start_dev.py components libraries workers

lint-english: $(DEV_STAMP)
	@$(BIN)/python -m tests.english

check: lint test ## run lint and test

golden: $(DEV_STAMP) ## update the golden files of the tests after an intended change
	@$(BIN)/python -m pytest -q -n 0 --update-golden tests

gallery: $(STAMP) ## draw docs/gallery.md, its pictures and the picture of the README over HTTP
	@$(BIN)/python -m docs.make_gallery

docs: $(DEV_STAMP) ## generate docs/reference and build the site in site/
	@$(BIN)/python -m docs.make_site

bench: $(DEV_STAMP) ## run the benchmarks and write bench/RESULTS.md
	@$(BIN)/python -m bench --peers queues $(ARGS)

soak: $(DEV_STAMP) ## run the long fault and load tests (about an hour; one with ARGS='--only F1')
	@$(BIN)/python -m tests.faults.soak $(ARGS)

fuzz: $(DEV_STAMP) ## send generated requests to a service, without and with keys (about ten minutes)
	@$(BIN)/python -m tests.fuzzing $(ARGS)

lock: | $(BIN)/python ## update the .lock files after a change of requirements.txt or requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@for name in requirements requirements-parquet requirements-s3 requirements-vectors requirements-dev; do \
	  $(BIN)/uv pip compile $$name.txt -o $$name.lock --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command "make lock" --quiet $(ARGS) || exit 1; done

clean: ## remove the virtual environment, the caches and the built documentation
	@rm -rf .venv site docs/reference .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
