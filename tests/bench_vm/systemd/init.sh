#!/bin/bash
# The first program of the bench's machine. Its files, which belong to the host, lie below a RAM
# overlay; only /bench, the host's folder for the results, is written to. Then systemd takes over.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs -o size=1700m,mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
root=/mnt/root
mount -t hostfs -o "$SG_OUT" none $root/bench
cp -r /bench/checkout $root/home/pi/shuttergate
cp -r /bench/camera $root/opt/bench/camera
cp /bench/inside/bench.service $root/etc/systemd/system/
mkdir -p $root/etc/systemd/system/multi-user.target.wants
ln -s /etc/systemd/system/bench.service $root/etc/systemd/system/multi-user.target.wants/
# There is no terminal to log in at, and no clock to ask.
for unit in getty.target systemd-binfmt.service proc-sys-fs-binfmt_misc.automount; do
  ln -s /dev/null $root/etc/systemd/system/$unit
done
echo bench >$root/etc/hostname
# As an initial RAM disk does it, which it says this is not: the old root is gone from sight.
exec switch_root $root /lib/systemd/systemd --show-status=no
