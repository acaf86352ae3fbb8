# Bare `make` prints the menu. Nothing here needs root, or a network beyond the package index.
SHELL := /bin/bash
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c '$(FITS)' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
LOCALE := firmware/shuttergate/locale
ARGS ?=
# Two lanes of tests keep time and often wait; two workers or more compute meanwhile.
WORKERS ?= $(shell cores=$$(nproc); echo $$((cores < 8 ? cores + 2 : 8)))
# What was compiled is kept, whatever the environment says: each worker would compile all tests anew.
# English, too, whatever it says: tests read what people are told.
PYTEST := LANGUAGE=en PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: menu setup video demo test test-quick test-fresh coverage lint bench bench-page bench-video bench-peers bench-card bench-closings bench-memory bench-coverage bench-leaving bench-scaling eval-data bench-gate fuzz bench-scenarios bench-mutations bench-soak bench-long bench-vm bench-kernel bench-pi bench-arm64 rebuild lock locale clean

menu:  ## this menu
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */\1\t/' | expand -t 14

setup: $(VENV)/.ready  ## make .venv with everything at its pinned version

video: $(VENV)/.ready-video  ## add PyAV, for video and webcams; its wheels bring x264 and x265 (GPL)

demo: setup  ## run the kit on the simulated board; options in ARGS="--headless --seconds 20"
	@$(BIN)/shuttergate demo $(ARGS)

test: $(VENV)/.ready-dev  ## run the tests (5 minutes on 2 cores)
	$(PYTEST) $(ARGS)

test-quick: $(VENV)/.ready-dev  ## the tests that neither keep time nor compute long (2 minutes)
	$(PYTEST) --quick $(ARGS)

coverage: $(VENV)/.ready-dev  ## which lines of firmware/ the tests reach (8 minutes; what keeps time may fail)
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -n $(WORKERS) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=miss

test-fresh:  ## README's two commands on a fresh Debian 12 and 13, each in a chroot (30 minutes, root)
	@$(PYTHON) tests/fresh.py $(ARGS)

lint: $(VENV)/.ready-dev  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready-dev  ## measure speed and memory, as ratios in one run (about 3 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.speed $(ARGS)

bench-page: $(VENV)/.ready-dev  ## what looking on costs the gate: viewers, a flood, a dead console (5 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.onlookers $(ARGS)

bench-video: $(VENV)/.ready-dev  ## what recording costs; the card in no video; ten minutes (30 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.video $(ARGS)

bench-memory: $(VENV)/.ready-dev  ## where the gate process's memory goes, part by part, and its peaks (1 minute)
	PYTHONPATH=tests $(BIN)/python -m measure.memory $(ARGS)

bench-peers: $(VENV)/.ready-dev  ## beside public models, on the same pictures and cores (3 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.peers $(ARGS)

bench-card: $(VENV)/.ready-dev  ## a model card's tables, worst first: ARGS="MANIFEST.csv --home SET,…" (5 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.figures $(ARGS)

bench-closings: $(VENV)/.ready-dev $(VENV)/.ready-video  ## how often ordinary clips shut a gate (20 minutes; 230 MB to download)
	PYTHONPATH=tests $(BIN)/python -m measure.closings $(ARGS)

bench-coverage: $(VENV)/.ready-dev  ## how small a figure is found in what would leave: ARGS=MANIFEST.csv (30 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.coverage $(ARGS)

bench-leaving: $(VENV)/.ready-dev  ## what may leave, all of its table: coverage, false refusals, press, memory: ARGS=MANIFEST.csv (1 h)
	$(MAKE) bench-coverage ARGS="$(ARGS) --count 100"
	$(BIN)/shuttergate evaluate $(ARGS) --second
	$(MAKE) bench bench-memory ARGS=

bench-scaling: $(VENV)/.ready-dev  ## frame sizes, frame rates, threads: curves (4 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.scaling $(ARGS)

eval-data: setup  ## a harmless benchmark from outside our renderer, into build/eval-data (network, 3 GB once; minutes after)
	PYTHONPATH=tests $(BIN)/python -m measure.evaldata.build $(ARGS)

bench-gate: $(VENV)/.ready-dev  ## model-check gate.py: every reachable state of seven alphabets (3 minutes)
	$(BIN)/python tests/gate_model.py --full

fuzz: $(VENV)/.ready-dev  ## bytes that coverage guides, into every parser that meets outside ones (15 minutes)
	$(BIN)/python tests/fuzz/fuzz.py all $(ARGS)

bench-scenarios: $(VENV)/.ready-dev  ## play every scenario of the library, two kits at a time (2 minutes)
	$(BIN)/shuttergate bench tests/scenarios --jobs 2 $(ARGS)

bench-mutations: $(VENV)/.ready-dev  ## break the kit on purpose; the scenarios must catch it (5 minutes)
	$(BIN)/python tests/mutations.py $(ARGS)

bench-soak: $(VENV)/.ready-dev  ## an hour of presses and faults: leaks, drifts, missed closes
	$(BIN)/shuttergate bench tests/soak.toml --hours 1 $(ARGS)

bench-long: $(VENV)/.ready-dev  ## on a real kernel without a Pi: 50 kills, Edge TPU failures, latencies, every scenario (13 minutes)
	SHUTTERGATE_BENCH_LONG=1 $(BIN)/python -m pytest -rP tests/bench_vm/test_bench_vm.py tests/whole/test_kit.py \
	  -k "inside or is_replaced"

bench-vm: $(VENV)/.ready-dev  ## on that kernel: systemd, the units and the installer (11 minutes, root)
	$(BIN)/python tests/bench_vm/vm.py $(ARGS)

bench-pi: $(VENV)/.ready-dev  ## on an emulated Pi 3 and Pi 4: pins, panel, doctor, known answers (2 minutes, root)
	@PYTHONPATH=tests $(BIN)/python -m bench_pi.pi $(ARGS)

bench-arm64: $(VENV)/.ready-dev  ## on an emulated arm64 Debian 13, or ARGS="bookworm trixie": install, photo, away (18 minutes each, root)
	@PYTHONPATH=tests $(BIN)/python -m bench_pi.arm64 $(ARGS)

bench-kernel:  ## build that kernel, where none is at hand (about 6 minutes)
	tests/bench_vm/kernel.sh

rebuild: setup  ## build open-nsfw anew, byte for byte, and compare (about 2 minutes)
	$(BIN)/shuttergate model build open-nsfw

lock: $(VENV)/.ready-dev  ## write requirements/*.txt anew from pyproject.toml (needs uv)
	for extra in run dev; do \
	  uv pip compile pyproject.toml --extra bench --extra card $$(test $$extra = dev && echo --extra dev) --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --quiet \
	    --output-file requirements/$$extra.txt; done
	echo 'av>=18' | uv pip compile - --constraint requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements/video.txt

locale: $(VENV)/.ready-dev  ## bring shuttergate.po up to the code's texts, and compile it
	@set -e; scratch=$$(mktemp -d); trap 'rm -r "$$scratch"' EXIT; po=$(LOCALE)/ja/LC_MESSAGES/shuttergate.po; \
	sed '/^$$/q' $$po >$$scratch/new.po; cp $$po $$scratch/old.po; \
	$(BIN)/pybabel -q extract -F pyproject.toml --sort-output --no-location --omit-header --no-wrap -o $$scratch/all.pot firmware; \
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header --no-wrap -l ja \
	  -i $$scratch/all.pot -o $$scratch/old.po; \
	cat $$scratch/old.po >>$$scratch/new.po; cp $$scratch/new.po $$po; \
	$(BIN)/pybabel -q compile -l ja -D shuttergate -d $(LOCALE)

clean:  ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' \
	  || { echo "shuttergate needs Python 3.11 to 3.13; install one or set PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || echo "setting up $(VENV): some minutes and 350 MB, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "cannot make $(VENV); on Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q firmware
	@touch $@

$(VENV)/.ready-video: $(VENV)/.ready requirements/video.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/video.txt
	@touch $@

# Without dependencies: the list is whole, but for what picamera2 asks for in vain (pyproject.toml).
$(VENV)/.ready-dev: $(VENV)/.ready requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $@
