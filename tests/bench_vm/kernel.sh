#!/usr/bin/env bash
# Build the bench's kernel: Linux as a process (ARCH=um) from Debian's source package, with uml.config.
# About 6 minutes on 2 cores, 3 GB while it builds. Prints where the kernel lies.
set -euo pipefail
version=6.12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/shuttergate

missing=()
for tool in apt-get dpkg-deb gcc make bison flex bc xz; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if ((${#missing[@]})); then
  echo "kernel.sh: ${missing[*]} missing; on Debian: apt install build-essential bison flex bc xz-utils" >&2
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! apt-get download -q "linux-source-$version" >&2; then
  echo "kernel.sh: apt has no linux-source-$version; set SHUTTERGATE_BENCH_KERNEL to a kernel of your own" >&2
  exit 77
fi
dpkg-deb -x linux-source-*.deb .
tar -xJf "usr/src/linux-source-$version.tar.xz"
cd "linux-source-$version"
make -s ARCH=um x86_64_defconfig
scripts/kconfig/merge_config.sh -m -O . .config "$here/uml.config" >&2
make -s ARCH=um olddefconfig
make -s ARCH=um -j"$(nproc)" linux >&2
mkdir -p "$cache"
install -m 755 linux "$cache/uml-linux-built"
echo "$cache/uml-linux-built"
