# Bare `make` prints the menu. Nothing here needs root, or a network beyond the package index.
SHELL := /bin/bash
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c '$(FITS)' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
LOCALE := firmware/shuttergate/locale
ARGS ?=
# What people read is in Japanese where the environment asks for it, as shuttergate itself is.
JA := $(filter ja ja_% ja.% ja:%,$(firstword $(LANGUAGE) $(LC_ALL) $(LC_MESSAGES) $(LANG)))
# Two lanes of tests keep time and often wait; two workers or more compute meanwhile.
WORKERS ?= $(shell cores=$$(nproc); echo $$((cores < 8 ? cores + 2 : 8)))
# What was compiled is kept, whatever the environment says: each worker would compile all tests anew.
# English, too, whatever it says: tests read what people are told.
PYTEST := LANGUAGE=en PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: menu setup video heif credentials demo test test-quick test-fresh coverage lint bench bench-page bench-video bench-peers bench-card bench-closings bench-credentials bench-memory bench-coverage bench-taught bench-teaching bench-lesson bench-leaving bench-scaling eval-data bench-gate fuzz bench-scenarios bench-mutations bench-soak bench-long bench-vm bench-kernel bench-pi bench-arm64 rebuild lesson talk-film container lock locale clean

# ja: このメニュー
menu:  ## this menu
	@awk -F '## +' -v ja='$(JA)' '/^# ja: / { other = substr($$0, 7) } \
	  /^[a-z0-9-]+:.*##/ { sub(/:.*/, "", $$1); print $$1 "\t" (ja ? other : $$2) }' \
	  $(MAKEFILE_LIST) | expand -t 16

# ja: .venv を作り、版を固定したものをすべて入れる
setup: $(VENV)/.ready  ## make .venv with everything at its pinned version

# ja: PyAV を加える（動画とウェブカメラ用）。配布パッケージに x264 と x265（GPL）が入っている
video: $(VENV)/.ready-video  ## add PyAV, for video and webcams; its wheels bring x264 and x265 (GPL)

# ja: pi-heif を加える（HEIC の画像用）。配布パッケージに libheif と libde265（LGPL）が入っている
heif: $(VENV)/.ready-heif  ## add pi-heif, for HEIC pictures; its wheels bring libheif and libde265 (LGPL)

# ja: c2pa-python と cryptography を加える（署名付きの来歴情報用）
credentials: $(VENV)/.ready-credentials  ## add c2pa-python and cryptography, for signed credentials

# ja: シミュレーション用ボードでキットを動かす。オプションは ARGS="--headless --seconds 20"
demo: setup  ## run the kit on the simulated board; options in ARGS="--headless --seconds 20"
	@$(BIN)/shuttergate demo $(ARGS)

# ja: テストを実行する（2コアで12分）
test: $(VENV)/.ready-dev  ## run the tests (12 minutes on 2 cores)
	$(PYTEST) $(ARGS)

# ja: 時間を計るものと計算の長いものを除いたテスト（2分）
test-quick: $(VENV)/.ready-dev  ## the tests that neither keep time nor compute long (2 minutes)
	$(PYTEST) --quick $(ARGS)

# ja: テストが firmware/ のどの行を通るか（8分。時間を計るテストは失敗することがある）
coverage: $(VENV)/.ready-dev  ## which lines of firmware/ the tests reach (8 minutes; what keeps time may fail)
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -n $(WORKERS) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=miss

# ja: README の2つのコマンドを、まっさらな Debian 12 と 13 の chroot で試す（30分、root）
test-fresh:  ## README's two commands on a fresh Debian 12 and 13, each in a chroot (30 minutes, root)
	@$(PYTHON) tests/fresh.py $(ARGS)

# ja: ruff と mypy --strict
lint: $(VENV)/.ready-dev  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# ja: 速さとメモリを、1回の実行の中の比率として測る（約3分）
bench: $(VENV)/.ready-dev  ## measure speed and memory, as ratios in one run (about 3 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.speed $(ARGS)

# ja: 画面を見ることがゲートに与える影響。閲覧者、大量の接続、死んだ画面サーバー（5分）
bench-page: $(VENV)/.ready-dev  ## what looking on costs the gate: viewers, a flood, a dead console (5 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.onlookers $(ARGS)

# ja: 録画の負担、動画にカードが写らないこと、10分の録画（30分）
bench-video: $(VENV)/.ready-dev  ## what recording costs; the card in no video; ten minutes (30 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.video $(ARGS)

# ja: 写真と動画に付ける印と署名の費用（3分）
bench-credentials: $(VENV)/.ready-dev  ## what marks and signatures cost a photo, a video and a press (3 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.credentials $(ARGS)

# ja: 判定プロセスのメモリの内訳と、最大の使用量（1分）
bench-memory: $(VENV)/.ready-dev  ## where the gate process's memory goes, part by part, and its peaks (1 minute)
	PYTHONPATH=tests $(BIN)/python -m measure.memory $(ARGS)

# ja: 公開モデルと、同じ画像、同じコアで比べる（3分）
bench-peers: $(VENV)/.ready-dev  ## beside public models, on the same pictures and cores (3 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.peers $(ARGS)

# ja: モデルカードの表を、悪い順に。ARGS="MANIFEST.csv --home SET,…"（5分）
bench-card: $(VENV)/.ready-dev  ## a model card's tables, worst first: ARGS="MANIFEST.csv --home SET,…" (5 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.figures $(ARGS)

# ja: ごく普通の動画でゲートが何回閉じるか（20分、ダウンロード 230 MB）
bench-closings: $(VENV)/.ready-dev $(VENV)/.ready-video  ## how often ordinary clips shut a gate (20 minutes; 230 MB to download)
	PYTHONPATH=tests $(BIN)/python -m measure.closings $(ARGS)

# ja: 外に出るものの中で、どれだけ小さい人の形が見つかるか。ARGS=MANIFEST.csv（30分）
bench-coverage: $(VENV)/.ready-dev  ## how small a figure is found in what would leave: ARGS=MANIFEST.csv (30 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.coverage $(ARGS)

# ja: 教えた規則。20個の物、1～10枚の手本、見分けた割合、誤遮断、費用。ARGS=MANIFEST.csv（2分、ネットワーク）
bench-taught: $(VENV)/.ready-dev  ## taught rules: twenty objects, 1 to 10 examples, hits, false refusals, cost: ARGS=MANIFEST.csv (2 minutes, network)
	PYTHONPATH=tests $(BIN)/python -m measure.taught $(ARGS)

# ja: 教えている組が待つ時間。動いているデモで、押してから合い言葉が出るまで、効かせてから線が落ちるまで（1分）
bench-teaching: $(VENV)/.ready-dev  ## how long a class waits: a press to its receipt, "in force" to a dead line (1 minute)
	PYTHONPATH=tests $(BIN)/python -m measure.teaching $(ARGS)

# ja: 授業の偏った画像が、規則をどれだけ誤らせるか。何をすれば直るか（5分）
bench-lesson: $(VENV)/.ready-dev  ## how far the lesson's biased set misleads a rule, and what mends it (5 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.lesson $(ARGS)

# ja: 外に出るものについての表をすべて作る。見つかる大きさ、誤遮断、押してからの時間、メモリ。ARGS=MANIFEST.csv（1時間）
bench-leaving: $(VENV)/.ready-dev  ## what may leave, all of its table: coverage, false refusals, press, memory: ARGS=MANIFEST.csv (1 h)
	$(MAKE) bench-coverage ARGS="$(ARGS) --count 100"
	$(BIN)/shuttergate evaluate $(ARGS) --second
	$(MAKE) bench bench-memory ARGS=

# ja: フレームの大きさ、毎秒の枚数、スレッド数による曲線（4分）
bench-scaling: $(VENV)/.ready-dev  ## frame sizes, frame rates, threads: curves (4 minutes)
	PYTHONPATH=tests $(BIN)/python -m measure.scaling $(ARGS)

# ja: 自前のレンダラーによらない、無害な評価用画像を build/eval-data に作る（ネットワーク。初回は 3 GB、その後は数分）
eval-data: setup  ## a harmless benchmark from outside our renderer, into build/eval-data (network, 3 GB once; minutes after)
	PYTHONPATH=tests $(BIN)/python -m measure.evaldata.build $(ARGS)

# ja: gate.py と question.py のモデル検査。12組の記号から到達できる全状態（10分）
bench-gate: $(VENV)/.ready-dev  ## model-check gate.py and question.py: every reachable state of twelve alphabets (10 minutes)
	$(BIN)/python tests/gate_model.py --full
	$(BIN)/python tests/question_model.py --full

# ja: 外からのバイト列に触れるパーサーのすべてに、カバレッジ誘導型のファジング（15分）
fuzz: $(VENV)/.ready-dev  ## bytes that coverage guides, into every parser that meets outside ones (15 minutes)
	$(BIN)/python tests/fuzz/fuzz.py all $(ARGS)

# ja: シナリオ集のすべてを、キット1つずつで実行する（5分）
bench-scenarios: $(VENV)/.ready-dev  ## play every scenario of the library, one kit at a time (5 minutes)
	$(BIN)/shuttergate bench tests/scenarios --jobs 1 $(ARGS)

# ja: キットをわざと壊し、シナリオが検出することを確かめる（13分）
bench-mutations: $(VENV)/.ready-dev  ## break the kit on purpose; the scenarios must catch it (13 minutes)
	$(BIN)/python tests/mutations.py $(ARGS)

# ja: 押下と故障を1時間くり返し、メモリの漏れ、だんだん遅くなること、閉じるべきときに閉じないことを探す
bench-soak: $(VENV)/.ready-dev  ## an hour of presses and faults: leaks, drifts, missed closes
	$(BIN)/shuttergate bench tests/soak.toml --hours 1 $(ARGS)

# ja: Pi のない本物のカーネルで。50回の強制終了、Edge TPU の故障、所要時間、全シナリオ（13分）
bench-long: $(VENV)/.ready-dev  ## on a real kernel without a Pi: 50 kills, Edge TPU failures, latencies, every scenario (13 minutes)
	SHUTTERGATE_BENCH_LONG=1 $(BIN)/python -m pytest -rP tests/bench_vm/test_bench_vm.py tests/whole/test_kit.py \
	  -k "inside or is_replaced"

# ja: 同じカーネルで、systemd、ユニット、インストーラー（11分、root）
bench-vm: $(VENV)/.ready-dev  ## on that kernel: systemd, the units and the installer (11 minutes, root)
	$(BIN)/python tests/bench_vm/vm.py $(ARGS)

# ja: エミュレーションの Pi 3 と Pi 4 で、ピン、パネル、doctor、既知の答え（2分、root）
bench-pi: $(VENV)/.ready-dev  ## on an emulated Pi 3 and Pi 4: pins, panel, doctor, known answers (2 minutes, root)
	@PYTHONPATH=tests $(BIN)/python -m bench_pi.pi $(ARGS)

# ja: エミュレーションの arm64 の Debian 13（ARGS="bookworm trixie" なら両方）で、インストール、写真、取り外し（18分ずつ、root）
bench-arm64: $(VENV)/.ready-dev  ## on an emulated arm64 Debian 13, or ARGS="bookworm trixie": install, photo, away (18 minutes each, root)
	@PYTHONPATH=tests $(BIN)/python -m bench_pi.arm64 $(ARGS)

# ja: 上のカーネルが手元にないとき、作る（約6分）
bench-kernel:  ## build that kernel, where none is at hand (about 6 minutes)
	tests/bench_vm/kernel.sh

# ja: open-nsfw を作り直し、1バイトも違わないか比べる（約2分）
rebuild: setup  ## build open-nsfw anew, byte for byte, and compare (about 2 minutes)
	$(BIN)/shuttergate model build open-nsfw

# ja: 授業（docs/lesson）のワークシート、配布資料、解答例を、A4 の PDF で build/lesson に作る
lesson: setup  ## the lesson's sheets (docs/lesson) as PDFs for A4, into build/lesson
	@$(BIN)/python docs/lesson/build.py build/lesson

# ja: 講演（docs/talk）をブラウザで最初から最後まで演じ、画面を build/talk に録画する（5分。ARGS="--language ja"）
talk-film: $(VENV)/.ready-dev $(VENV)/.ready-video  ## give the talk (docs/talk) to a browser, and film the wall, into build/talk (5 minutes)
	@PYTHONPATH=tests $(BIN)/python tests/talk_film.py $(if $(JA),--language ja) $(ARGS)

# ja: コンテナのイメージ（docs/container.md）を作り、その画面から押してみる（3分、podman か docker）
container: $(VENV)/.ready-dev  ## build the image of docs/container.md, and press on its page (3 minutes; podman or docker)
	@PYTHONPATH=tests $(BIN)/python tests/container.py $(ARGS)

# ja: pyproject.toml から requirements/*.txt を書き直す（uv が要る）
lock: $(VENV)/.ready-dev  ## write requirements/*.txt anew from pyproject.toml (needs uv)
	for extra in run dev; do \
	  uv pip compile pyproject.toml --extra bench --extra card $$(test $$extra = dev && echo --extra dev) --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --quiet \
	    --output-file requirements/$$extra.txt; done
	echo 'av>=18' | uv pip compile - --constraint requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements/video.txt
	echo 'pi-heif>=1.4' | uv pip compile - --no-deps --constraint requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements/heif.txt
	printf 'c2pa-python>=0.38,!=0.38.2\ncryptography>=41\n' | uv pip compile - --constraint requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements/credentials.txt

# ja: shuttergate.po をプログラムの文に合わせ、コンパイルする
locale: $(VENV)/.ready-dev  ## bring shuttergate.po up to the code's texts, and compile it
	@set -e; scratch=$$(mktemp -d); trap 'rm -r "$$scratch"' EXIT; po=$(LOCALE)/ja/LC_MESSAGES/shuttergate.po; \
	sed '/^$$/q' $$po >$$scratch/new.po; cp $$po $$scratch/old.po; \
	$(BIN)/pybabel -q extract -F pyproject.toml --sort-output --no-location --omit-header --no-wrap -o $$scratch/all.pot firmware; \
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header --no-wrap -l ja \
	  -i $$scratch/all.pot -o $$scratch/old.po; \
	cat $$scratch/old.po >>$$scratch/new.po; cp $$scratch/new.po $$po; \
	$(BIN)/pybabel -q compile -l ja -D shuttergate -d $(LOCALE)

# ja: .venv とキャッシュを消す
clean:  ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' \
	  || { echo "$(if $(JA),shuttergate には Python 3.11～3.13 が要ります。入れるか、PYTHON=… で指定してください,shuttergate needs Python 3.11 to 3.13; install one or set PYTHON=…)" >&2; exit 1; }
	@test -x $(BIN)/python || echo "$(if $(JA),$(VENV) を用意します。最初の1回だけ、数分と 350 MB を使います,setting up $(VENV): some minutes and 350 MB, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "$(if $(JA),$(VENV) を作れません。Debian なら apt install python3-venv,cannot make $(VENV); on Debian: apt install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q firmware
	@touch $@

$(VENV)/.ready-video $(VENV)/.ready-heif $(VENV)/.ready-credentials: $(VENV)/.ready-%: $(VENV)/.ready requirements/%.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/$*.txt
	@touch $@

# Without dependencies: the list is whole, but for what picamera2 asks for in vain (pyproject.toml).
$(VENV)/.ready-dev: $(VENV)/.ready requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $@
