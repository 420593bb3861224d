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
SOURCES := $(shell find ext -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.sv' -o -name '*.cpp')
NATIVE := $(patsubst ext/%.pyx,%,$(wildcard ext/tidegate/native/*.pyx))
# Where verilator is not, fpga is not built and its stub stands for nothing.
STUBBED = $(filter-out $(if $(shell ls engine/tidegate/native/fpga.*.so 2>/dev/null),,%/fpga),$(NATIVE))
BUILT := build/$(TIDEGATE_PROFILE)/built.stamp

.PHONY: bench-peers bench-report setup build compile test lint demo bench bench-smoke chaos sim mutants asan
.PHONY: wheel-test test-plain test-rest test-runs fuzz-build fuzz cover clean
.PHONY: fpga-fight fpga-mutants fpga-synth hdl
.DELETE_ON_ERROR:

# What was built before the tools were there, for make demo say, is without the card.
setup: $(VENV)/dev.stamp $(VENV)/package.stamp
	@[ "$(TIDEGATE_FPGA)" = 0 ] || ls engine/tidegate/native/fpga.*.so >/dev/null 2>&1 || \
	    TIDEGATE_FPGA=1 TIDEGATE_MODULES="card fpga" $(BIN)/python setup.py -q build_ext --inplace

build: $(VENV)/package.stamp

# Compiles a profile without putting it in place: CI does so while something else runs.
compile: $(VENV)/runtime.stamp
	$(BIN)/python setup.py -q build_ext

# Plain code is tested on two cores at once; what counts on heartbeats after it, a file a core and
# nothing beside; whole runs last, as they are shipped, in release. With ONCE=1 that build leaves out
# what does not depend on it, and long searches by random records: CI runs those in debug.
PLAIN := $(addprefix tests/,config span tape client fuzz fpga risk native simulation replay)
RUNS := tests/e2e
ONCE ?=
ifneq ($(ONCE),)
LEFT_OUT := $(addprefix tests/,config span tape client fuzz cli venue reconciliation \
    test_architecture.py test_inspect.py test_supervisor.py \
    $(addprefix risk/test_,twin.py audit.py properties.py control_edges.py))
endif
TWO := $(BIN)/python -m pytest -q -n 2 --dist
test: setup
ifeq ($(ARGS),)
	$(MAKE) test-plain
	$(MAKE) test-rest
ifeq ($(TIDEGATE_PROFILE),release)
	$(MAKE) test-runs
endif
else
	$(BIN)/python -m pytest $(ARGS)
endif

test-plain: setup
	$(TWO) worksteal $(filter-out $(LEFT_OUT),$(PLAIN)) $(addprefix --ignore=,$(LEFT_OUT))

test-rest: setup
	$(TWO) loadfile $(addprefix --ignore=,$(PLAIN) $(RUNS) $(LEFT_OUT))

test-runs: setup
	$(TWO) loadfile $(RUNS)

# A wheel in an empty venv outside of the tree: its demo, and a strategy compiled against it.
wheel-test: setup
	$(BIN)/python tests/wheel/install.py $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PATH="$(abspath $(BIN)):$$PATH" cython-lint ext
	$(BIN)/mypy
	MYPYPATH=engine $(BIN)/python -m mypy.stubtest --concise \
	    --allowlist .ci/stubtest.allow --ignore-unused-allowlist $(subst /,.,$(STUBBED))
	$(BIN)/python -m pytest -q tests/test_architecture.py

demo: build
	$(BIN)/tidegate demo $(ARGS)

BENCHES := verdict journal replay restart kill lanes embedded pipeline subaccounts fpga
SMOKED := restart kill lanes embedded pipeline subaccounts fpga
bench: setup
	$(BIN)/python -m pytest bench --benchmark-enable $(ARGS)
	$(foreach name,$(BENCHES),$(BIN)/python bench/$(name).py &&) true
	$(MAKE) bench-report

# One page of what was measured: build/bench/report.html and report.md.
bench-report: setup
	$(BIN)/python .ci/requirements.py bench | xargs -d '\n' $(PIP) install -q
	$(BIN)/python bench/report.py

# Other engines beside ours, each in a venv of its own; not part of make bench, and never of CI.
# vn.py's risk manager needs these few of its dependencies; the others are of its windows and plots.
PEERS := build/peers
NAUTILUS := nautilus_trader==1.221.0
VNPY := vnpy==4.5.0 vnpy_riskmanager==2.0.0
VNPY_NEEDS := numpy loguru tzlocal ta-lib requests qrcode
bench-peers: setup $(PEERS)/nautilus_trader.stamp $(PEERS)/vnpy.stamp
	$(BIN)/python bench/peers.py $(ARGS)

$(PEERS)/nautilus_trader.stamp: | $(BIN)/python
	$(PYTHON) -m venv $(PEERS)/nautilus_trader
	$(PEERS)/nautilus_trader/bin/pip install -q $(NAUTILUS)
	@touch $@

$(PEERS)/vnpy.stamp: | $(BIN)/python
	$(PYTHON) -m venv $(PEERS)/vnpy
	$(PEERS)/vnpy/bin/pip install -q --no-deps $(VNPY)
	$(PEERS)/vnpy/bin/pip install -q $(VNPY_NEEDS)
	@touch $@

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

# The card: 5 seeds x 100,000 orders played by every simulator; deliberate bugs of the RTL; place and
# route, which takes minutes a seed. The extra hdl is installed for these.
hdl: setup
	$(BIN)/python .ci/requirements.py hdl | xargs -d '\n' $(PIP) install -q
	TIDEGATE_FPGA=1 TIDEGATE_MODULES="card fpga" $(BIN)/python setup.py -q build_ext --inplace

fpga-fight: hdl
	$(BIN)/python tests/fpga/card_fight.py $(ARGS)

fpga-mutants: hdl
	$(BIN)/python tests/fpga/card_mutants.py $(ARGS)

fpga-synth: hdl
	$(BIN)/python tests/fpga/card_synth.py $(ARGS)

# Real processes, killed while they trade; CI has 100 kills: make chaos ARGS="--seed 2 --kills 100".
# ARGS=--fused kills a run of that layout, with every hop in shared memory.
chaos: build
	$(BIN)/python tests/chaos/chaos.py --kills 1000 $(ARGS)

# Python's own allocator would hide overruns, and its interned objects look like leaks.
asan:
	$(MAKE) TIDEGATE_PROFILE=asan setup
	LD_PRELOAD="$(SANITIZERS)" PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    $(BIN)/python -m pytest tests/native tests/risk -p no:cacheprovider $(ARGS)

# Every parser of bytes from outside, FUZZ_SECONDS each, FUZZ_JOBS at a time, guided by the coverage
# of Python and of the modules that are built for it; all others are those in place. An input that is
# a finding is left in build/fuzz. Risk's step too: make fuzz FUZZ_TARGETS=step FUZZ_MODULES=
FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 2
FUZZ_TARGETS ?= config pa2 tape journal frame
FUZZ_MODULES ?= build checksum clock intake journal journal_reader lane records region segments \
    sessions zmqlib
COMPILER = $${CC:-cc}
SANITIZERS = $$($(COMPILER) -print-file-name=libasan.so) $$($(COMPILER) -print-file-name=libubsan.so)
fuzz-build: $(VENV)/runtime.stamp
	TIDEGATE_PROFILE=fuzz TIDEGATE_MODULES="$(FUZZ_MODULES)" $(BIN)/python setup.py -q build_ext
	$(BIN)/python .ci/requirements.py fuzz | xargs -d '\n' $(PIP) install -q
	$(COMPILER) -O1 -Wall -Wextra -Werror -shared -fPIC -o build/fuzz/cover.so tests/fuzz/cover.c

fuzz: build fuzz-build
	printf '%s\n' $(FUZZ_TARGETS) | LD_PRELOAD="$(abspath build/fuzz/cover.so) $(SANITIZERS)" \
	PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    xargs -P $(FUZZ_JOBS) -I TARGET .ci/fuzz-one $(BIN)/python TARGET $(FUZZ_SECONDS)

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
	@echo "Building $(words $(NATIVE)) modules ($(TIDEGATE_PROFILE)): some minutes the first time"
	$(BIN)/python setup.py -q build_ext --inplace
	@touch $@

$(VENV)/package.stamp: pyproject.toml | $(BUILT)
	$(PIP) install -q --no-build-isolation --no-deps --editable .
	@touch $@
