# `make test` and `make demo` each do all their set-up alone; a second run skips what is done.
# TIDEGATE_PROFILE = release (default), debug, coverage, asan or fuzz chooses the build.
PYTHON ?= python3
TIDEGATE_PROFILE ?= release
export TIDEGATE_PROFILE
# make gives CC a default, which must not hide the compiler that Python itself was built with.
ifeq ($(origin CC),default)
undefine CC
endif

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := $(shell find ext -name '*.pyx' -o -name '*.pxd' -o -name '*.h')
NATIVE := $(patsubst ext/%.pyx,%,$(wildcard ext/tidegate/native/*.pyx))
BUILT := build/$(TIDEGATE_PROFILE)/built.stamp

.PHONY: setup build test lint demo bench bench-smoke chaos sim mutants asan cover clean
.DELETE_ON_ERROR:

setup: $(VENV)/dev.stamp $(VENV)/package.stamp

build: $(VENV)/package.stamp

# Plain code is tested on two cores at once, and whole runs, which mostly wait, two at a time; what
# counts on heartbeats comes between, alone. Whole runs are tested as they are shipped, in release.
PLAIN := $(addprefix tests/,risk config span tape native simulation replay client fuzz)
RUNS := tests/e2e
test: setup
ifeq ($(ARGS),)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal $(PLAIN)
	$(BIN)/python -m pytest -q $(addprefix --ignore=,$(PLAIN) $(RUNS))
ifeq ($(TIDEGATE_PROFILE),release)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile $(RUNS)
endif
else
	$(BIN)/python -m pytest $(ARGS)
endif

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PATH="$(abspath $(BIN)):$$PATH" cython-lint ext
	$(BIN)/mypy
	MYPYPATH=engine $(BIN)/python -m mypy.stubtest --concise \
	    --allowlist .ci/stubtest.allow --ignore-unused-allowlist $(subst /,.,$(NATIVE))
	$(BIN)/python -m pytest -q tests/test_architecture.py

demo: build
	$(BIN)/tidegate demo $(ARGS)

BENCHES := verdict journal replay restart kill lanes pipeline
SMOKED := lanes pipeline
bench: setup
	$(BIN)/python -m pytest bench --benchmark-enable $(ARGS)
	$(foreach name,$(BENCHES),$(BIN)/python bench/$(name).py &&) true

# Each bench as small as shows that it works: its figures mean nothing.
bench-smoke: setup
	$(BIN)/python -m pytest bench --benchmark-disable $(ARGS)
	$(foreach name,$(SMOKED),$(BIN)/python bench/$(name).py --small --out build/bench-smoke &&) true

# Seeds of the simulator, as CI runs them; thousands with make sim ARGS="--seeds 1..1000 --jobs 2".
sim: build
	$(BIN)/tidegate simulate $(or $(ARGS),--seeds 1..40 --steps 20000 --jobs 2 \
	    --cover tests/simulation/reasons.txt)

# Deliberate bugs in a copy of the tree, and the seed that finds each; takes half an hour.
mutants: setup
	$(BIN)/python tests/simulation/mutants.py $(ARGS)

# Real processes, killed while they trade: make chaos ARGS="--seed 2 --kills 100".
chaos: build
	$(BIN)/python tests/chaos/chaos.py --kills 1000 $(ARGS)

# Python's own allocator would hide overruns, and its interned objects look like leaks.
asan:
	$(MAKE) TIDEGATE_PROFILE=asan setup
	LD_PRELOAD="$$($${CC:-cc} -print-file-name=libasan.so) $$($${CC:-cc} -print-file-name=libubsan.so)" \
	PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    $(BIN)/python -m pytest tests/native tests/risk -p no:cacheprovider $(ARGS)

# Every parser of bytes from outside, FUZZ_SECONDS each, two at a time, guided by the coverage of
# Python and of compiled modules; an input that is a finding is left in build/fuzz.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := config pa2 tape columns journal shown frame intake request step
fuzz:
	$(MAKE) TIDEGATE_PROFILE=fuzz setup
	$(BIN)/python .ci/requirements.py fuzz | xargs -d '\n' $(PIP) install -q
	@mkdir -p build/fuzz
	$${CC:-cc} -O1 -Wall -Wextra -Werror -shared -fPIC -o build/fuzz/cover.so tests/fuzz/cover.c
	printf '%s\n' $(FUZZ_TARGETS) | LD_PRELOAD="$(abspath build/fuzz/cover.so) $$($${CC:-cc} -print-file-name=libasan.so) $$($${CC:-cc} -print-file-name=libubsan.so)" \
	PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    xargs -P 2 -I TARGET .ci/fuzz-one $(BIN)/python TARGET $(FUZZ_SECONDS)

cover:
	$(MAKE) TIDEGATE_PROFILE=coverage setup
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

clean:
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .coverage .coverage.*
	find ext -name '*.c' -delete
	find engine -name '*.so' -delete
	find engine tests bench -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "missing: $(PYTHON) (3.11 or newer)" >&2; exit 1; }
	@$(PYTHON) .ci/prerequisites.py
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python .ci/requirements.py build-system project | xargs -d '\n' $(PIP) install -q
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(VENV)/runtime.stamp
	$(BIN)/python .ci/requirements.py dev | xargs -d '\n' $(PIP) install -q
	@touch $@

# The libraries beside the package are of one profile at a time: build/active names it.
ifneq ($(shell cat build/active 2>/dev/null),$(TIDEGATE_PROFILE))
.PHONY: $(BUILT)
endif
$(BUILT): $(SOURCES) setup.py $(VENV)/runtime.stamp
	$(BIN)/python setup.py -q build_ext --inplace
	@touch $@

$(VENV)/package.stamp: pyproject.toml | $(BUILT)
	$(PIP) install -q --no-build-isolation --no-deps --editable .
	@touch $@
