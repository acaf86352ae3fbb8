#!/bin/bash
# PID 1 of the bench: a kernel that runs as a process (User-mode Linux), with this machine's own files
# below a RAM overlay, so that nothing of the host is written but the folder $SG_OUT.
# From the kernel's command line: SG_INIT this file, SG_OUT the host folder that holds command.sh.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
if [ "${1:-}" != inside ]; then
  mount -t tmpfs -o size=700m tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  exec chroot /mnt/root /bin/bash "$SG_INIT" inside
fi
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
for folder in /dev/shm /run; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
mount -t devpts devpts /dev/pts
mount -t configfs none /sys/kernel/config
ln -sf /proc/self/fd /dev/fd
ln -sf system /dev/dma_heap/linux,cma 2>/dev/null  # the name that picamera2 looks for
ip link set lo up 2>/dev/null
mkdir /run/work
# The output folder lies where it lies on the host, too: paths mean the same on both sides.
mount -t hostfs -o "$SG_OUT" none "$SG_OUT"
exec > "$SG_OUT/log" 2>&1

# The pins of a Raspberry Pi 4, and the line by which gpiozero knows one.
bank=/sys/kernel/config/gpio-sim/bench
mkdir -p $bank/bank0
echo 54 > $bank/bank0/num_lines
echo pinctrl-bcm2711 > $bank/bank0/label
echo 1 > $bank/live
printf 'processor\t: 0\nRevision\t: c03115\n' > /run/cpuinfo
mount --bind /run/cpuinfo /proc/cpuinfo

cd /run/work
export SHUTTERGATE_INSIDE=1
/bin/bash "$SG_OUT/command.sh"
echo $? > "$SG_OUT/status"
sync
echo o > /proc/sysrq-trigger
sleep 9
