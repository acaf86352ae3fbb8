#!/usr/bin/env bash
# The lock on aarch64: wheels resolve, import, and both packs give their known answers, on an emulated
# Cortex-A72 (a Pi 4's), for the Pythons of Raspberry Pi OS bookworm and trixie. About 2 minutes.
# Needs mmdebstrap and unzip, and a network. Everything is kept in the folder given, or in a cache.
#
# QEMU 10 or newer: 7.2, bookworm's, ends ai-edge-litert 2.3 by a segmentation fault. Where there is
# none, trixie's is unpacked into the cache.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
python=$root/.venv/bin/python
work=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/shuttergate/aarch64}
mkdir -p "$work"
for tool in mmdebstrap unzip; do
  command -v "$tool" >/dev/null || { echo "skipped: no $tool here (apt install mmdebstrap unzip)"; exit 0; }
done

# tree FOLDER SUITE PACKAGES [ARCHITECTURE]: unpack Debian's packages, once.
tree() {
  if [ ! -d "$1" ]; then
    rm -rf "$1.new"
    mmdebstrap --quiet --variant=extract ${4:+--architectures=$4} --include="$3" "$2" "$1.new"
    mv "$1.new" "$1"
  fi
}

emulator=$(command -v qemu-aarch64 qemu-aarch64-static | head -1) || true
if [ ! "$emulator" ] || "$emulator" --version | grep -qE 'version [0-9]\.'; then
  tree "$work/qemu" trixie qemu-user
  emulator=$work/qemu/usr/bin/qemu-aarch64
fi

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

for release in "bookworm 3.11 36" "trixie 3.13 41"; do
  read -r suite version glibc <<<"$release"
  arm=$work/$suite wheels=$work/wheels$version site=$work/site$version lock=$work/lock$version.txt
  tree "$arm" "$suite" base-files,libc6,python3,libstdc++6,libgomp1,libatomic1 arm64
  rm -rf "$wheels" "$site" && mkdir -p "$site"
  # pip would decide the lock's markers with the Python that it runs on.
  "$python" "$here/lock_for.py" "$version" <"$root/requirements/run.txt" >"$lock"
  platforms=(--platform manylinux2014_aarch64)
  for minor in $(seq 17 "$glibc"); do platforms+=(--platform "manylinux_2_${minor}_aarch64"); done
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --implementation cp --python-version "$version" --abi "cp${version/./}" --abi abi3 --abi none \
    "${platforms[@]}" --require-hashes -r "$lock" -d "$wheels"
  echo "$suite: $(find "$wheels" -name '*.whl' | wc -l) wheels resolve, by their hashes"
  for wheel in "$wheels"/*.whl; do unzip -qo "$wheel" -d "$site"; done
  "$emulator" -cpu cortex-a72 -L "$arm" -E PYTHONPATH="$site:$root/firmware" \
    -E PYTHONDONTWRITEBYTECODE=1 "$arm/usr/bin/python$version" -c "$answers"
done
