# egmsql: `make` lists what there is. Everything sets up its own environment, once.

LAKE ?= lake
DATA ?= ../shared/data
VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter of a supported version; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo lake test lint bench bench-clusters bench-science bench-serve bench-map bench-scale likeness faults fuzz test-memory test-versions docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  LAKE=$(LAKE) and DATA=$(DATA) say where 'make lake' writes and reads."

setup: $(VENV)/ready ## the environment in .venv, when it is not there or out of date

$(VENV)/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 to 3.13 found; install one, or say make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what egmsql needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: demo/lake/.built ## simulate a small region, ingest, build, check, report
	@echo; echo "What the lake in demo/lake holds:"
	@$(BIN)/duckdb -readonly demo/lake/egmsql.duckdb -c ".read docs/summary.sql"
	@$(BIN)/egmsql report demo/lake --html demo/report.html > demo/report.txt && tail -n +1 demo/report.txt | head -n 3
	@echo "Look further:"
	@echo "  $(BIN)/egmsql serve demo/lake                       the map: http://127.0.0.1:8001/-/map"
	@echo "  demo/report.html                                    the report as a page, for a browser"
	@echo "  $(BIN)/duckdb -readonly demo/lake/egmsql.duckdb     plain SQL shell"
	@echo "  $(BIN)/egmsql shell demo/lake                       the same with the Python functions"
	@echo "  $(BIN)/egmsql plan demo/lake                        what a build would do, and why"

demo/data/truth.parquet: $(VENV)/ready
	@rm -rf demo
	$(BIN)/egmsql simulate demo/data --points 6000 --tracks 2 --seed 1

demo/lake/.built: demo/data/truth.parquet
	$(BIN)/egmsql ingest demo/lake demo/data
	$(BIN)/egmsql build demo/lake
	$(BIN)/egmsql check demo/lake
	@touch $@

lake: $(VENV)/ready ## ingest DATA into LAKE and build it; add files and say it again any time
	$(BIN)/egmsql ingest $(LAKE) $(DATA)
	$(BIN)/egmsql build $(LAKE)

# A file of tests stays with one worker, which makes its lakes once.
test: $(VENV)/ready ## every test; real files are read from EGMSQL_DATA (default ../shared/data)
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),-n auto --dist loadfile)

lint: $(VENV)/ready ## ruff, and our own rules about the tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -q tests/test_rules.py

bench: $(VENV)/ready ## throughput, memory and bytes per point beside their baselines, in one run
	$(BIN)/python tests/bench/bench.py $(ARGS)

bench-science: $(VENV)/ready ## the classification beside its baselines, on series of known truth; writes docs/benchmark
	PYTHONPATH=tests $(BIN)/python -m bench.science $(ARGS)

bench-clusters: $(VENV)/ready ## clustering beside scikit-learn's and scipy's trees, labels compared; ARGS="--points 10000000"
	$(BIN)/python tests/bench/clusters.py $(ARGS)

likeness: $(VENV)/ready ## simulated beside real bursts: a table of statistics, and docs/pictures
	$(BIN)/python tests/bench/likeness.py $(ARGS)

bench-serve: $(VENV)/ready ## how long views, series and polygons take at 1 and 10 million points; ARGS="100" for more
	PYTHONPATH=tests $(BIN)/python -m bench.serve $(ARGS)

bench-map: $(VENV)/ready ## how long a pan and a click take until drawn, in Chromium; ARGS="100", or ARGS="--lake lake"
	PYTHONPATH=tests $(BIN)/python -m bench.drawing $(ARGS)

faults: $(VENV)/ready ## kill commands at random moments, spoil files at random places; ARGS="--kills 200 --seed 9"
	PYTHONPATH=tests $(BIN)/python -m faults $(ARGS)

fuzz: $(VENV)/ready ## fuzz reader, zips, SQL and API with many times the cases of the tests; ARGS="--times 50 --seed 9"
	PYTHONPATH=tests $(BIN)/python -m faults.fuzz $(ARGS)

test-memory: $(VENV)/ready ## ingest and build the largest file of EGMS within 2 GiB; ARGS="--points 100000"
	PYTHONPATH=tests $(BIN)/python -m faults.memory $(ARGS)

test-versions: $(VENV)/ready ## tests with the lowest and the newest allowed versions, on each Python from 3.11 to 3.13 that is there
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	PYTHONPATH=tests $(BIN)/python -m faults.versions $(ARGS)

bench-scale: $(VENV)/ready ## lakes of 0.1 and 1 million points from files to the web, step by step; ARGS="1 10 --folder scale"
	$(BIN)/python tests/bench/scale.py $(ARGS)

docs: $(VENV)/ready ## write docs/reference again from the code
	$(BIN)/python -m egmsql.reference docs/reference

clean: ## remove the environment, the demo and what tools left
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
