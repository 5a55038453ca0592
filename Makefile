# Every target sets up what it needs and works from a fresh clone: Python >= 3.11, Node >= 20, make.
PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?=
URL ?=
TO ?=
FROM ?=
OPTIONS ?=
USERS ?= 1000 100000 3000000
WALLETS ?= 2
CHAINS ?= 8

# Hundreds of programs are started, and all import the same: it is compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo run portfolio watch archive restore test bench load simulate lint format lock contracts bundles deploy audit sbom clean

setup: .venv/ready tests/devnet/node_modules/ready

demo: setup ## A devnet of local chains, the real server, the demo wallet's portfolio
	@exec $(BIN)/python -m tests.devnet.demo

run: .venv/ready ## All functions on one port, against the configured (default: public) endpoints
	@exec $(BIN)/python -m functions.local

portfolio: .venv/ready ## One portfolio on the terminal: make portfolio ADDRESS=vitalik.eth [URL=https://…]
	@exec $(BIN)/python -m functions.terminal $(ADDRESS) $(if $(URL),--url "$(URL)")

watch: .venv/ready ## The same, live: make watch ADDRESS=vitalik.eth [URL=https://…]
	@exec $(BIN)/python -m functions.watch $(ADDRESS) $(if $(URL),--url "$(URL)")

archive: .venv/ready ## What all users keep, written to ARCHIVE: make archive [TO=file:PATH] [OPTIONS="--archive ID"]
	@exec $(BIN)/python -m functions.archives export $(TO) $(OPTIONS)

restore: .venv/ready ## An archive, verified, into STORE: make restore FROM=gs://… [OPTIONS=--add-missing]
	@exec $(BIN)/python -m functions.archives restore $(FROM) $(OPTIONS)

test: setup .venv-delivery/ready .venv-terraform/ready .venv-checkov/ready lint ## The whole test suite
	$(BIN)/pytest

bench: setup .venv-bench/ready ## Ratios against named peers, one run
	$(BIN)/python -m tests.bench

load: setup ## A minute of requests at a fixed rate against a deployed function's own server
	@$(BIN)/python -m tests.load

simulate: .venv/ready ## A snapshot run's time and cost: make simulate USERS="1000 100000" WALLETS=2 CHAINS=8
	@$(BIN)/python -m tests.simulate $(USERS) --wallets $(WALLETS) --chains $(CHAINS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy shared functions infra tests

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/ready ## Pin the requirements anew
	cd shared && ../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd shared && ../$(BIN)/uv pip compile $(LOCK) requirements-archive.in -o requirements-archive.txt
	cd tests && ../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd tests/bench && ../../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd infra/bootstrap && ../../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd infra/delivery && ../../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd tests/infra && ../../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd tests/infra && ../../$(BIN)/uv pip compile $(LOCK) checkov.in -o checkov.txt
	cd tests/infra && ../../$(BIN)/uv pip compile $(LOCK) --no-deps schema.in -o schema.txt

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --annotation-style=line

contracts: setup ## Compile the contracts anew
	node shared/chain/contracts/build.mjs
	node tests/devnet/contracts/build.mjs

bundles: ## What is deployed: a zip per function, in infra/terraform/.bundles
	@$(PYTHON) infra/terraform/bundle.py

deploy: bundles ## All of it into your own project: infra/terraform/README.md
	@terraform -chdir=infra/terraform apply

audit: .venv-delivery/ready ## Known vulnerabilities in anything pinned
	@PATH="$(CURDIR)/.venv-delivery/bin:$$PATH" .venv-delivery/bin/python -m infra.delivery.audit

sbom: .venv-delivery/ready ## A CycloneDX bill of materials of every deployed set, in dist/
	@mkdir -p $(DIST)
	@for pins in shared/requirements*.txt; do \
	    .venv-delivery/bin/cyclonedx-py requirements --output-reproducible --output-format JSON \
	        --output-file "$(DIST)/$$(basename $$pins .txt).cdx.json" $$pins || exit 1; \
	    echo "$(DIST)/$$(basename $$pins .txt).cdx.json"; \
	done

DIST := dist

clean:
	rm -rf .venv .venv-bench .venv-delivery .venv-terraform .venv-checkov .cache tests/devnet/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/ready: shared/requirements.txt shared/requirements-archive.txt tests/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chainfolio needs Python 3.11 or later")'
	@echo "setting up Python packages in .venv (once)"
	@test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --require-hashes --requirement infra/bootstrap/requirements.txt; }
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python tests/requirements.txt
	@touch $@

.venv-bench/ready: .venv/ready tests/bench/requirements.txt
	@echo "setting up the benchmarks' peers in .venv-bench (once)"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@$(BIN)/uv pip sync --quiet --python .venv-bench/bin/python tests/bench/requirements.txt
	@touch $@

.venv-delivery/ready: .venv/ready infra/delivery/requirements.txt
	@echo "setting up the delivery's tools in .venv-delivery (once)"
	@test -x .venv-delivery/bin/python || $(PYTHON) -m venv .venv-delivery
	@$(BIN)/uv pip sync --quiet --python .venv-delivery/bin/python infra/delivery/requirements.txt
	@touch $@

tests/devnet/node_modules/ready: tests/devnet/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || \
	    { echo "Node.js 20 or later with npm is needed: install it, then run make again" >&2; exit 1; }
	@echo "setting up Node packages in tests/devnet (once)"
	@# not `npm ci`: it refuses a lock file without every platform's optional build of anvil
	@npm install --prefix tests/devnet --no-save --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

.venv-terraform/ready: .venv/ready tests/infra/requirements.txt .cache/terraform/google.json
	@echo "setting up a stand-in for Google's Terraform provider in .venv-terraform (once)"
	@test -x .venv-terraform/bin/python || $(PYTHON) -m venv .venv-terraform
	@$(BIN)/uv pip sync --quiet --python .venv-terraform/bin/python tests/infra/requirements.txt
	@touch $@

.cache/terraform/google.json: .venv/ready tests/infra/schema.txt tests/infra/schema.py
	@rm -rf .cache/terraform && mkdir -p .cache/terraform
	@$(BIN)/pip download --quiet --no-deps --require-hashes --dest .cache/terraform --requirement tests/infra/schema.txt
	@$(BIN)/python -m tests.infra.schema .cache/terraform/*.whl $@
	@rm .cache/terraform/*.whl

.venv-checkov/ready: .venv/ready tests/infra/checkov.txt
	@echo "setting up checkov in .venv-checkov (once)"
	@test -x .venv-checkov/bin/python || $(PYTHON) -m venv .venv-checkov
	@$(BIN)/uv pip sync --quiet --python .venv-checkov/bin/python tests/infra/checkov.txt
	@touch $@
