# Every target sets up what it needs and works from a fresh clone: Python >= 3.11, Node >= 20, make.
PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?=
USERS ?= 1000 100000 3000000
WALLETS ?= 2
CHAINS ?= 8

.PHONY: setup demo run portfolio test bench simulate lint format lock contracts clean

setup: .venv/ready tests/devnet/node_modules/ready

demo: setup ## A devnet of local chains, the real server, the demo wallet's portfolio
	@exec $(BIN)/python -m tests.devnet.demo

run: .venv/ready ## All functions on one port, against the configured (default: public) endpoints
	@exec $(BIN)/python -m functions.local

portfolio: .venv/ready ## One portfolio on the terminal: make portfolio ADDRESS=vitalik.eth
	@exec $(BIN)/python -m functions.terminal $(ADDRESS)

test: setup lint ## The whole test suite
	$(BIN)/pytest

bench: setup .venv-bench/ready .venv-deployed/ready ## Ratios against named peers, one run
	$(BIN)/python -m tests.bench

simulate: .venv/ready ## A snapshot run's time and cost: make simulate USERS="1000 100000" WALLETS=2 CHAINS=8
	@$(BIN)/python -m tests.simulate $(USERS) --wallets $(WALLETS) --chains $(CHAINS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy shared functions tests

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/ready ## Pin the requirements anew
	cd shared && ../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd tests && ../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	cd tests/bench && ../../$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --annotation-style=line

contracts: setup ## Compile the contracts anew
	node shared/chain/contracts/build.mjs
	node tests/devnet/contracts/build.mjs

clean:
	rm -rf .venv .venv-bench .venv-deployed tests/devnet/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/ready: shared/requirements.txt tests/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chainfolio needs Python 3.11 or later")'
	@echo "setting up Python packages in .venv (once)"
	@test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv==0.13.8; }
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python tests/requirements.txt
	@touch $@

.venv-bench/ready: .venv/ready tests/bench/requirements.txt
	@echo "setting up the benchmarks' peers in .venv-bench (once)"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@$(BIN)/uv pip sync --quiet --python .venv-bench/bin/python tests/bench/requirements.txt
	@touch $@

.venv-deployed/ready: .venv/ready shared/requirements.txt
	@echo "setting up what a deployed function has in .venv-deployed (once)"
	@test -x .venv-deployed/bin/python || $(PYTHON) -m venv .venv-deployed
	@$(BIN)/uv pip sync --quiet --python .venv-deployed/bin/python shared/requirements.txt
	@touch $@

tests/devnet/node_modules/ready: tests/devnet/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || \
	    { echo "Node.js 20 or later with npm is needed: install it, then run make again" >&2; exit 1; }
	@echo "setting up Node packages in tests/devnet (once)"
	@# not `npm ci`: it refuses a lock file without every platform's optional build of anvil
	@npm install --prefix tests/devnet --no-save --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
