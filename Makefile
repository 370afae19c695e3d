# The commands of this project. `make help` lists them; the two that matter are `make up` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
STACK ?= local
# One more than the cores of a small machine: many tests wait for a process that starts.
WORKERS ?= 3

# Whoever is told not to keep byte code compiles every module anew in every process that starts.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
RUN := $(VENV)/bin/python
WEB := services/frontend/web
REQUIREMENTS := requirements.txt requirements-dev.txt scripts/local/requirements.txt $(wildcard services/*/requirements.txt)
# The tests' shared fixtures and plugins belong to the other environment.
ALONE := -c /dev/null --rootdir=. --noconftest --import-mode=importlib -p no:cacheprovider
WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

##@ Use it on this machine
up: install web ## Run the whole platform here (ARGS="--detach", "--port 8080", "--docker", "--cognito dev")
	@$(RUN) -m scripts.local up $(ARGS)

down: install ## Stop what `make up` started
	@$(RUN) -m scripts.local down $(ARGS)

reset: install ## Forget all local users, products and settings
	@$(RUN) -m scripts.local reset $(ARGS)

logs: install ## Show the logs (ARGS="identity -f" for one part, followed)
	@$(RUN) -m scripts.local logs $(ARGS)

mail: install ## Show the messages, with their codes, that were "sent"
	@$(RUN) -m scripts.local mail $(ARGS)

outputs: install ## Show the stack's outputs (ARGS="--json" for machines)
	@$(RUN) -m scripts.local outputs $(ARGS)

env: install ## Write .env files, to run a service by hand (STACK=dev, ARGS="--secrets", "--check")
	@$(RUN) -m scripts.write_env $(STACK) $(ARGS)

##@ Work on it
compose: install ## Write compose.yaml anew from the list of services
	@$(RUN) -m scripts.compose

check: types test drills ## Check everything: types, style, tests, drills

test: lint web ## Check style and run the tests, all but the drills
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not drill" $(ARGS)

drills: web ## Kill, starve and flood what runs, and run past releases' tests: what takes long
	@$(RUN) -m pytest -n 2 --dist loadfile -m drill $(ARGS)

lint: install ## Check style (ruff)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

types: install ## Check types (mypy --strict)
	@$(VENV)/bin/mypy

format: install ## Rewrite the code in the house style
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

policy: install policy/.venv/.installed ## Check the policy pack as CrossGuard loads it, in an environment of its own
	@policy/.venv/bin/python -m pytest $(ALONE) tests/policy/test_pack.py

workflows: install $(VENV)/bin/actionlint ## Check the workflows (actionlint, zizmor)
	@$(VENV)/bin/actionlint
	@$(VENV)/bin/zizmor --offline --quiet --no-progress .github

web: $(WEB)/dist/index.html ## Build the web app

install: $(VENV)/.installed ## Install the Python packages into .venv

rehearse: install ## Deploy a stack into an emulator of AWS on this machine: STACK=dev (needs the Pulumi CLI)
	@$(RUN) -m scripts.rehearse $(STACK) $(ARGS)

images: install ## Build and push the images of a stack: STACK=dev (ARGS="--dry-run", "--from dev", "--json")
	@$(RUN) -m scripts.build_and_push $(STACK) $(ARGS)

deploy: install ## Deploy a stack: STACK=dev (ARGS="--digests FILE", "--preview", "--drift"; needs the Pulumi CLI)
	@$(RUN) -m scripts.deploy $(STACK) $(ARGS)

smoke: install ## Walk through a platform as a throw-away user: STACK=dev, or the local run
	@$(RUN) -m scripts.smoke $(STACK) $(ARGS)

clean: ## Remove what was installed and built (local users and products stay: `make reset` forgets them)
	rm -rf $(VENV) $(WEB)/node_modules $(WEB)/dist .mypy_cache .ruff_cache .pytest_cache

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: constraints.txt services/constraints.txt $(REQUIREMENTS)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is needed: install it, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1); this needs 3.11 or later: name another with PYTHON=python3.11" >&2; exit 1; }
	@echo "Installing Python packages into $(VENV) (once; about a minute) ..." >&2
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$(REQUIREMENTS))
	@touch $@

policy/.venv/.installed: policy/requirements.txt constraints.txt
	@test -x policy/.venv/bin/python || $(PYTHON) -m venv policy/.venv
	@policy/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $< "$$(grep '^pytest==' constraints.txt)"
	@touch $@

# A program in Go, whose package in PyPI does nothing but download it.
$(VENV)/bin/actionlint: | $(VENV)/.installed
	@command -v go >/dev/null || { echo "Go is needed to build actionlint: install it (Debian: apt-get install golang)" >&2; exit 1; }
	@GOBIN=$(abspath $(VENV)/bin) go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or later with npm is needed to build the web app: install it (Debian: apt-get install nodejs npm)" >&2; exit 1; }
	@echo "Installing the web app's packages ..." >&2
	@cd $(WEB) && npm ci --silent --no-audit --no-fund
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "Building the web app ..." >&2
	@cd $(WEB) && npm run --silent build
	@touch $@

.PHONY: check drills compose images up down reset logs mail outputs env test lint types policy workflows format web install rehearse deploy smoke clean help
