#!/usr/bin/env bash
# The bench's machine as a folder: Debian bookworm with systemd and udev, and what a Raspberry Pi has
# besides: packages of its camera and pins in a repository of its own, and a /boot/firmware.
# Prints the folder's path. It is kept in the cache and made anew when something that is in it changes;
# exit status 77 says that it cannot be made here, and why. Needs root: its files have owners.
set -Eeuo pipefail
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
libcamera=$root/../shared/bench/libcamera-0.7.2-cp311.tar.xz # bindings for Python 3.11: so bookworm
python=${PYTHON:-$root/.venv/bin/python}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/shuttergate/bench-vm
trap 'echo "image.sh: stopped at line $LINENO" >&2' ERR

cannot() {
  echo "no machine for the bench: $1" >&2
  exit 77
}

[[ $(uname -m) == x86_64 ]] || cannot "it is an x86-64 one, and this computer is $(uname -m)"
[[ $EUID -eq 0 ]] || cannot "it needs root; its files have owners of their own"
for tool in mmdebstrap dpkg-deb dpkg-scanpackages unzip; do
  command -v "$tool" >/dev/null || cannot "there is no $tool (apt install mmdebstrap dpkg-dev unzip)"
done
[[ -f $libcamera ]] || cannot "there is no libcamera with a virtual camera for Python 3.11"
[[ $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == 3.11 ]] \
  || cannot "$python is not Python 3.11; make setup PYTHON=python3.11, or set PYTHON"

inputs=("$here/image.sh" "$root/requirements/run.txt" "$libcamera")
tree=$cache/$(cat "${inputs[@]}" | sha256sum | cut -c1-16)
if [[ -d $tree ]]; then
  touch "$tree"
  echo "$tree"
  exit
fi
work=$cache/work.$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"

# Debian's own, from the sources that this computer's apt has. Without libbpf1, DeviceAllow= would do
# nothing and nobody would be told.
mmdebstrap --quiet --mode=root --variant=minbase --include="$(tr '\n' ',' <<'NAMES'
systemd
systemd-sysv
dbus
udev
libbpf1
python3
python3-venv
python3-numpy
python3-pil
python3-piexif
python3-libarchive-c
python3-tqdm
python3-jsonschema
python3-pytest
libyaml-0-2
libyuv0
libjpeg62-turbo
libgnutls30
libevent-2.1-7
libevent-pthreads-2.1-7
NAMES
)" bookworm "$work/tree" >&2 || cannot "mmdebstrap failed; it needs a network"

# What Debian has not.
cat >"$work/pi.txt" <<'HASHES'
av==18.1.0 --hash=sha256:8a032e8d8ebc73dec079364b9b4a6837638a2d106e8472314e685ffbf163e700
lgpio==0.2.2.0 --hash=sha256:e9f4f3915abe5ae0ffdb4b96f485076d80a663876d839e2d3fd9218a71b9873e
picamera2==0.3.38 --hash=sha256:ecf34dfb6c987d2c0948debeb3762a27755d5befc674fe210c3fd2ad8e3cd6cc
simplejpeg==1.9.0 --hash=sha256:9cd72c67f1c8fc67f1db432fdae7b03272ca56b72cbb43883c082b63358851c4
videodev2==0.0.4 --hash=sha256:d35f7ab39ddb06d50fec96a99bfc8d5b8b525bc7ea03788259d386393f1a64ba
HASHES
pip=("$python" -m pip -qq --disable-pip-version-check)
bench=$work/tree/opt/bench
mkdir -p "$bench/wheels" "$bench/debs"
"${pip[@]}" download --no-deps --only-binary=:all: --require-hashes \
  -r "$root/requirements/run.txt" -d "$bench/wheels" >&2 || cannot "pip has not all of run.txt"
"${pip[@]}" download --no-deps --only-binary=:all: --require-hashes -r "$work/pi.txt" \
  -d "$work/wheels" >&2 || cannot "pip has not picamera2 and lgpio as they are named here"

# deb NAME VERSION DEPENDS FOLDER: as Raspberry Pi OS names it, so that the installer finds it.
deb() {
  mkdir -p "$4/DEBIAN"
  printf '%s\n' "Package: $1" "Version: $2" "Architecture: amd64" "Depends: $3" \
    "Maintainer: nobody <nobody@invalid>" "Description: $1 for the bench" >"$4/DEBIAN/control"
  dpkg-deb --build --root-owner-group -Zgzip -z1 "$4" "$bench/debs" >/dev/null
}
modules=usr/lib/python3/dist-packages
unpack() { # unpack FOLDER NAME…
  local name
  mkdir -p "$1/$modules"
  for name in "${@:2}"; do unzip -qo "$work/wheels/$name"-*.whl -d "$1/$modules"; done
  rm -rf "$1/$modules"/*.dist-info # they ask for more than is needed here
}

unpack "$work/lgpio" lgpio
deb python3-lgpio 0.2.2 python3 "$work/lgpio"

unpack "$work/picamera2" picamera2 simplejpeg videodev2 av
deb python3-picamera2 0.3.38 "python3-libcamera, python3-numpy, python3-pil, \
python3-piexif, python3-libarchive-c, python3-tqdm, python3-jsonschema" "$work/picamera2"

prefix=opt/shuttergate-bench/libcamera # compiled in
mkdir -p "$work/libcamera/$modules" "$work/libcamera/etc/ld.so.conf.d" "$work/libcamera/DEBIAN"
tar -C "$work/libcamera" --no-same-owner -xJf "$libcamera"
echo "/$prefix/lib/python3.11/site-packages" >"$work/libcamera/$modules/libcamera.pth"
echo "/$prefix/lib/x86_64-linux-gnu" >"$work/libcamera/etc/ld.so.conf.d/libcamera.conf"
printf '#!/bin/sh\nldconfig\n' >"$work/libcamera/DEBIAN/postinst"
chmod 0755 "$work/libcamera/DEBIAN/postinst"
cat >"$work/libcamera/$prefix/share/libcamera/pipeline/virtual/virtual.yaml" <<'YAML'
%YAML 1.1
---
"Virtual0":
  supported_formats:
    - { width: 640, height: 480, frame_rates: [30] }
    - { width: 224, height: 224, frame_rates: [30] }
  frames:
    path: "/run/bench/scene/"
  location: "CameraLocationFront"
  model: "Virtual"
YAML
deb python3-libcamera 0.7.2 "python3, libyaml-0-2, libyuv0, libjpeg62-turbo, libudev1, \
libgnutls30, libevent-2.1-7, libevent-pthreads-2.1-7" "$work/libcamera"

# Nothing in there reaches for a network: apt and pip have what is in /opt/bench, and no more.
rm -rf "$work/tree/etc/apt/sources.list" "$work/tree/etc/apt/sources.list.d"/*
(cd "$bench/debs" && dpkg-scanpackages --multiversion . 2>/dev/null >Packages)
echo "deb [trusted=yes] file:/opt/bench/debs ./" >"$work/tree/etc/apt/sources.list"
chroot "$work/tree" apt-get -qq update >&2
printf '[global]\nno-index = true\nfind-links = /opt/bench/wheels\n' >"$work/tree/etc/pip.conf"

# The virtual camera, in the place of the real one whenever picamera2 is imported; init.sh brings it.
printf '/opt/bench/camera\nimport virtualhook\n' >"$work/tree/$modules/virtualcam.pth"

mkdir -p "$work/tree/boot/firmware" "$work/tree/home/pi" "$work/tree/bench"
printf 'console=tty1 root=PARTUUID=1a2b-02 rootfstype=ext4 rootwait' \
  >"$work/tree/boot/firmware/cmdline.txt" # without a newline, as some images have it
printf '# For more options see the documentation\ndtparam=audio=on\n\n[cm5]\ndtoverlay=dwc2\n' \
  >"$work/tree/boot/firmware/config.txt"
# The first program that runs there: the rest of what the bench is made of comes with each boot.
cat >"$work/tree/sbin/bench-init" <<'INIT'
#!/bin/bash
mount -t hostfs -o "$SG_OUT" none /bench && exec /bin/bash /bench/inside/init.sh
INIT
chmod 0755 "$work/tree/sbin/bench-init"

# Those made of older inputs; one that was used lately may be in use.
find "$cache" -mindepth 1 -maxdepth 1 -mmin +600 ! -path "$work" -exec rm -rf {} +
mv "$work/tree" "$tree"
echo "$tree"
