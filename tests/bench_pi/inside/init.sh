#!/bin/busybox sh
# shellcheck shell=dash
# Process 1 of an emulated Pi, whose root is in memory.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8
export PYTHONPATH=/opt/site:/opt/checkout/firmware PYTHONDONTWRITEBYTECODE=1
/bin/busybox mkdir -p /proc /sys /dev /tmp /run
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs tmpfs /tmp
cd /tmp || exit
python3 /opt/bench/pi.py
echo 'BENCH {"name": "end"}'
/bin/busybox sleep 600
