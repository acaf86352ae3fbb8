#!/usr/bin/env bash
# The lock on aarch64: wheels resolve, import, and both packs give their known answers, on an emulated
# Cortex-A72 (a Pi 4's), for the Pythons of Raspberry Pi OS bookworm and trixie. About 3 minutes.
# Needs mmdebstrap and qemu-user, and a network. Everything is kept in the folder given, or in a cache.
#
# ai-edge-litert is 2.1.0 here, whatever the lock says: newer ones crash under qemu-user 7.2 (a fault
# of the emulator's: under full emulation they run). That the lock's own version resolves is checked.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/shuttergate/aarch64}
mkdir -p "$work"
pip=("$root/.venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps
  --only-binary=:all: --implementation cp)
for tool in mmdebstrap qemu-aarch64 unzip; do
  command -v "$tool" >/dev/null || { echo "skipped: no $tool here (apt install mmdebstrap qemu-user unzip)"; exit 0; }
done

answers='
import platform, sys
from shuttergate.board import read_board
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.known import paint
from shuttergate.vision.selftest import SelfTest
import gpiozero, msgspec, rich, simplejpeg, typer
board = read_board("simulated")
eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
for channel in eyes.live:
    for answer in channel.known_answers:
        score = channel.score(paint(answer.picture, channel.lores_size))
        print(f"  {channel.name:14} {answer.picture:18} {score:.4f}, due {answer.score:.3f}")
SelfTest(eyes.live).ask_all()
print(f"{platform.machine()}, Python {sys.version.split()[0]}: every known answer is right")
'

for release in "bookworm 311 python3.11" "trixie 313 python3.13"; do
  read -r suite version python <<<"$release"
  tree=$work/$suite wheels=$work/wheels$version site=$work/site$version
  if [ ! -d "$tree" ]; then
    mmdebstrap --quiet --variant=extract --architectures=arm64 \
      --include=base-files,libc6,python3,libstdc++6,libgomp1,libatomic1 "$suite" "$tree.new"
    mv "$tree.new" "$tree"
  fi
  platforms=(--python-version "$version" --abi "cp$version" --abi abi3 --abi none)
  for name in manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014; do
    platforms+=(--platform "${name}_aarch64")
  done
  "${pip[@]}" "${platforms[@]}" --require-hashes -r "$root/requirements/run.txt" -d "$wheels"
  echo "$suite: $(find "$wheels" -name '*.whl' | wc -l) wheels resolve, by their hashes"
  rm -rf "$site" && mkdir -p "$site"
  for wheel in "$wheels"/*.whl; do unzip -qo "$wheel" -d "$site"; done
  "${pip[@]}" "${platforms[@]}" ai-edge-litert==2.1.0 -d "$work/emulated$version"
  rm -rf "$site/ai_edge_litert" && unzip -qo "$work/emulated$version"/*.whl -d "$site"
  qemu-aarch64 -cpu cortex-a72 -L "$tree" -E PYTHONPATH="$site:$root/firmware" \
    -E PYTHONDONTWRITEBYTECODE=1 "$tree/usr/bin/$python" -c "$answers"
done
