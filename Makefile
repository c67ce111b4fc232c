# Breakwater's commands. All that is needed beforehand: make and Python 3.11 or newer (with its venv module).

PYTHON ?= python3
# Which services share a function: services, monolith, or a grouping such as a+b,c.
TOPOLOGY ?= $(BREAKWATER_TOPOLOGY)
# Not to be overridden: setting up empties this directory, and must never empty anybody else's.
override VENV  := .venv
override BIN   := $(VENV)/bin
override PY    := $(BIN)/python
# What runs in the environment finds its tools there, too.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# What can be judged without running, side by side on all cores. Whoever takes longest is first.
define CHECKS
'mypy=mypy --num-workers 2' \
'templates=$(PY) -m infra.check && $(PY) -m ops cost check --templates .cache/synth/prod-services --monolith .cache/synth/prod-monolith' \
'contracts=$(PY) -m ops schemas check' \
'openapi=$(PY) -m ops openapi check' \
'layers=lint-imports' \
'ruff=ruff check . && ruff format --check --quiet .'
endef
# What tests fetch from elsewhere, once; beside the checks, which leave the network alone.
define TOOLS
'tools=$(PY) -m tests.node'
endef

# Compiled is what is imported, when it is: most of what is installed never is.
override PIP   := $(PY) -m pip install --quiet --disable-pip-version-check --no-compile
define SETUP
'installed=$(PIP) --requirement requirements-dev.txt && $(PY) -m infra.packaging' \
'emulator=$(PY) -c "from local.embedded.emulator_env import emulator_python as make; make(print)"'
endef

# Setting up is redone when the pinned requirements change, and when an earlier attempt did not finish.
override PINS  := $(shell cat requirements.txt requirements-tracing.txt requirements-dev.txt | cksum | cut -d' ' -f1)
override READY := $(VENV)/.ready-$(PINS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run demo up console test simulate kill-run bench results check fuzz format clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

setup: $(READY) ## Make the virtual environment with everything pinned (the other commands do it when needed).

run: $(READY) ## The whole system on this machine: deploy, play examples/, check; at a terminal, stay up until Ctrl-C.
	@BREAKWATER_TOPOLOGY=$(TOPOLOGY) $(PY) -m local run

demo: $(READY) ## The same, but always exit when it is done: 0 when every outcome is as expected.
	@BREAKWATER_TOPOLOGY=$(TOPOLOGY) $(PY) -m local demo

up: $(READY) ## Deploy and stay up, without the demonstration.
	@BREAKWATER_TOPOLOGY=$(TOPOLOGY) $(PY) -m local up

console: $(READY) ## See and repair in the browser: STAGE (with PROFILE, REGION) or AWS_ENDPOINT_URL; else a stack of its own.
	@$(if $(STAGE)$(PROFILE)$(AWS_ENDPOINT_URL),$(PY) -m ops console --stage $(or $(STAGE),$(if $(AWS_ENDPOINT_URL),embedded,dev)) $(if $(PROFILE),--profile $(PROFILE)) $(if $(REGION),--region $(REGION)) $(CONSOLE_ARGS),$(PY) -m local run --stay)

check: $(READY) ## Everything that can be judged without running: style, types, layers, contracts, templates.
	@$(PY) -m local.together $(CHECKS)

test: $(READY) ## check, and then every test: unit, contract, flow, infra, browser, and the embedded stack.
	@$(PY) -m local.together $(TOOLS) $(CHECKS)
	@$(PY) -m pytest --numprocesses=auto --dist=loadgroup --durations=10 $(PYTEST_ARGS)

simulate: $(READY) ## N schedules of faults on the memory cloud, on all cores: make simulate N=100000.
	@$(PY) -m local.simulate $(or $(N),10000)

fuzz: $(READY) ## Look for inputs that break a promise: SECONDS=60 for all targets together (Linux on x86-64).
	@$(PY) -m tests.fuzz --seconds $(or $(SECONDS),60)

kill-run: $(READY) ## N usage events through the embedded stack while its functions are killed: make kill-run N=100000.
	@$(PY) -m bench.kill_run --events $(or $(N),100000)

bench: $(READY) ## Every benchmark, beside its peers: ten minutes and more. WRITE=1 renews bench/results/, README and plots.
	@$(PY) -m bench $(if $(WRITE),--keep) all

results: $(READY) ## The results table, measured and modelled in both topologies, on copies of this tree. Minutes.
	@$(PY) -m bench results

format: $(READY) ## Put sources into the form that check asks for.
	@ruff check --fix . ; ruff format .

clean: ## Remove everything that the commands above have made.
	rm -rf $(VENV) .cache cdk.out* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.txt requirements-tracing.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "setting up $(VENV) (once, and when the pinned requirements change)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "  installing what ships: requirements.txt"
	@$(PIP) --requirement requirements.txt
	@echo "  installing what tests and synthesis need: requirements-dev.txt (the largest step), then resolving the functions'"
	@echo "  wheels for this machine and for Lambda; beside that, making the emulator's environment"
	@$(PY) -m local.together $(SETUP)
	@touch $@
