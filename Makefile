# `make help` lists the targets; each is one plain command that also works without make.
# Settings in a file .env (NAME=value, no quotes) reach every command; `make serve NAME=value` wins.

-include .env
export $(shell sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\) *=.*/\1/p' .env 2>/dev/null)

PYTHON ?= python3
PY := .venv/bin/python
TOOLS := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH"
GO_INSTALL := GOBIN="$(CURDIR)/.tools/bin" CGO_ENABLED=0 GOWORK=off go install

.DEFAULT_GOAL := help
.PHONY: help setup serve api train experiment runs register models promote seed predict reload \
	mlflow proto check format lint types test integration tools clients bench bench-accuracy lock clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

# --- Use it ---------------------------------------------------------------------------

setup: .venv/.admin.stamp ## Install the server and the admin CLI into .venv

serve: .venv/.admin.stamp ## Start the server and its REST proxy, with a first model if there is none
	@$(PY) -m admin seed
	@exec $(PY) -m housing_grpc.up

api: serve ## The same as serve

train: .venv/.admin.stamp ## Train one model: make train ARGS="--model xgboost"
	@$(PY) -m admin train $(ARGS)

experiment: .venv/.admin.stamp ## Train the models of experiments/default.yaml and compare them
	@$(PY) -m admin experiment --config experiments/default.yaml $(ARGS)

runs: .venv/.admin.stamp ## List the training runs
	@$(PY) -m admin runs $(ARGS)

register: need-RUN_ID .venv/.admin.stamp ## Make a run a version of the model: make register RUN_ID=...
	@$(PY) -m admin register '$(RUN_ID)' $(ARGS)

models: .venv/.admin.stamp ## List the model versions
	@$(PY) -m admin models $(ARGS)

promote: need-VERSION .venv/.admin.stamp ## Choose the version to serve: make promote VERSION=2
	@$(PY) -m admin promote '$(VERSION)' $(ARGS)

seed: .venv/.admin.stamp ## Train and promote a first model, unless one is promoted
	@$(PY) -m admin seed $(ARGS)

predict: .venv/.admin.stamp ## Ask the running server for a price
	@$(PY) -m admin predict $(ARGS)

reload: .venv/.admin.stamp ## Tell the running server to take the promoted version
	@$(PY) -m admin reload $(ARGS)

mlflow: .venv/.admin.stamp ## Open the MLflow UI on http://127.0.0.1:5000
	@exec $(PY) -m admin ui $(ARGS)

# --- Work on it -----------------------------------------------------------------------

test: .venv/.dev.stamp ## Run the tests with coverage; ARGS="-k name" runs some, without
	@$(TOOLS) $(PY) -m pytest $(or $(ARGS),--cov)

integration: .venv/.dev.stamp ## Run the tests that need a browser or more time
	@$(TOOLS) $(PY) -m pytest -m integration $(ARGS)

check: lint types ## Everything but the tests: style, types, imports, protobuf contract
	@$(TOOLS) $(PY) tools/proto.py check

lint: .venv/.dev.stamp ## Check style, import contracts and the Dockerfile
	@$(TOOLS) ruff format --check
	@$(TOOLS) ruff check
	@$(TOOLS) lint-imports
	@$(TOOLS) hadolint Dockerfile

types: .venv/.dev.stamp ## Check the types
	@$(TOOLS) mypy

format: .venv/.dev.stamp ## Format the code and repair what can be repaired
	@$(TOOLS) ruff check --fix --exit-zero --quiet
	@$(TOOLS) ruff format
	@$(TOOLS) $(PY) tools/proto.py format

proto: .venv/.dev.stamp ## Regenerate generated/ and accept the contract, unless it breaks clients
	@$(TOOLS) $(PY) tools/proto.py write

tools: ## Build the gRPC command-line tools that tests use, with Go, into .tools/bin
	@echo 'Building grpcurl and grpc-health-probe into .tools/bin (some minutes the first time) ...'
	@$(GO_INSTALL) github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
	@$(GO_INSTALL) github.com/grpc-ecosystem/grpc-health-probe@v0.4.61

clients: .venv/.dev.stamp ## Regenerate the Go and Node clients, with Go and npm, after make proto
	@$(TOOLS) clients/go/generate.sh
	@cd clients/node && npm ci --silent && $(TOOLS) ./generate.sh

bench: .venv/.dev.stamp ## Measure latency and throughput
	@$(PY) -m bench $(ARGS)

bench-accuracy: .venv/.dev.stamp ## Measure how good the shipped defaults are
	@$(PY) -m bench accuracy

lock: .venv/.dev.stamp ## Pin requirements/*.txt anew; ARGS=--upgrade takes newer versions
	@$(TOOLS) tools/lock.sh $(ARGS)

clean: ## Delete what was built, and .venv; ALL=1 also deletes var/, the models and runs
	rm -rf .venv .tools build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	$(if $(filter 1,$(ALL)),rm -rf var)

# --- The environment ------------------------------------------------------------------

need-%:
	@$(if $($*),,$(error Say which: make $(MAKECMDGOALS) $*=...))

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name it so: make setup PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python lacks its venv module; on Debian or Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# The stamps install only after something they depend on has changed.
.venv/.admin.stamp: requirements/build.txt requirements/admin.txt pyproject.toml | .venv/bin/python
	@echo 'Installing the server and the admin CLI into .venv (about a minute) ...'
	@$(call install,admin)
	@touch $@

.venv/.dev.stamp: requirements/build.txt requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo 'Installing the server, the admin CLI and the development tools into .venv (about a minute) ...'
	@$(call install,dev)
	@touch .venv/.admin.stamp $@

PIP := $(PY) -m pip --disable-pip-version-check install --quiet
install = $(PIP) --require-hashes -r requirements/build.txt -r requirements/$(1).txt && \
	$(PIP) --no-deps --no-build-isolation --editable .
