PYTHON ?= python3
DATA ?= ../shared/data
ARGS ?=
BIN := .venv/bin
# The build backend warns about every editable installation.
INSTALL := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo recorded campaign loop replayed simulated race bench allocation agreement gate shadow open-bandit delays ratios intervals test bounds check lock clean

demo: .venv/run ## watch Concierge do its whole job on a simulated hotel group
	$(BIN)/concierge demo $(ARGS)

recorded: .venv/run ## the same loop on recorded data: make recorded DATA=FOLDER
	$(BIN)/concierge recorded --data $(DATA) $(ARGS)

campaign: .venv/run ## a campaign over generated guests, killed on the way and counted anew: make campaign ARGS='--customers 1000000'
	$(BIN)/python -m loadtest.campaign $(ARGS)

loop: .venv/bench ## a month in a closed loop, and the regret of every policy: make loop ARGS='--seeds 2'
	$(BIN)/python -m loadtest.closed_loop $(ARGS)

replayed: .venv/run ## decisions of every kind at once with swaps of catalogue and model, then all replayed: make replayed ARGS='--decisions 100000'
	$(BIN)/python -m loadtest.mixed $(ARGS)

simulated: .venv/run ## ten changes of the hotel workspace foreseen by `concierge simulate`, and then made: make simulated ARGS='--share 0.3'
	$(BIN)/python -m loadtest.foresight $(ARGS)

race: .venv/run ## 32 callers for one customer, over and over, and no cap exceeded: make race ARGS='--rounds 10000'
	$(BIN)/concierge race $(ARGS)

bench: .venv/bench ## measure against others and write bench.json: make bench ARGS='--quick --only rules_vs_zen'
	$(BIN)/concierge bench $(ARGS)

allocation: .venv/dev ## a campaign's allocation beside the exact optimum and beside first come, first served
	$(BIN)/pytest -q -s tests/decision/allocation/test_optimum.py $(ARGS)

agreement: .venv/dev ## live, bulk, campaign and Dask decide the same for so many random customers: make agreement gate shadow AGREEMENT=10000
	AGREEMENT=$(AGREEMENT) $(BIN)/pytest -q -s tests/decision/campaign/test_agreement.py $(ARGS)

AGREEMENT := 10000

gate: .venv/dev ## challengers in the hotel world, half of them spoiled, and which are promoted: make gate GATE=10
	GATE=$(GATE) $(BIN)/pytest -q -s tests/training/promotion/large_contest.py $(ARGS)

GATE := 50

shadow: .venv/dev ## what a challenger costs a decision
	$(BIN)/pytest -q -s tests/training/promotion/shadow_cost.py $(ARGS)

open-bandit: .venv/dev ## policies on the Open Bandit Dataset beside the truth: make open-bandit DATA=FOLDER
	$(BIN)/python -m tests.training.evaluation.open_bandit $(DATA)/open-bandit

delays: .venv/dev ## what decisions whose window has not passed teach, and what capping does for heavy tails
	DELAYED=10 TAILED=80 $(BIN)/pytest -q -s tests/training/learning/test_delay.py tests/training/learning/test_tails.py $(ARGS)

ratios: .venv/dev ## what a model would gain by a ratio of its own for each channel or theme, in ten hotel houses
	$(BIN)/python -m tests.training.learning.group_ratios $(ARGS)

intervals: .venv/dev ## how often intervals of 95 % hold the truth, in 1,000 simulated logs
	COVERAGE=1000 $(BIN)/pytest -q -s tests/training/evaluation/test_intervals.py -k hold_the_truth $(ARGS)

test: .venv/dev ## every test
	$(BIN)/pytest -n 2 $(ARGS)

bounds: .venv/dev ## the tests of the compiled kernels, which then refuse an index out of range
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=.venv/bounds $(BIN)/pytest -n 2 $(KERNELS) $(ARGS)

KERNELS := tests/models tests/rules/expression tests/rules/test_contact_tally.py tests/rules/test_contact_standing.py \
	tests/rules/test_first_reason.py tests/rules/test_bound_placement.py tests/decision/engine \
	tests/decision/allocation/test_course.py

check: .venv/dev ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: .venv/dev ## resolve the pinned requirements anew
	$(BIN)/uv pip compile pyproject.toml --group build $(LOCK) --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group build --group dev $(LOCK) --output-file requirements-dev.txt
	$(BIN)/uv pip compile pyproject.toml --group build --extra bench --constraint requirements.txt $(LOCK) --output-file requirements-bench.txt

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

clean: ## remove the environment and every cache
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Concierge needs Python 3.11 or newer; set PYTHON=... to name one"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run: .venv/bin/python requirements.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/bin/python requirements-dev.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements-dev.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run

.venv/bench: .venv/bin/python requirements-bench.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements-bench.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run
