# Makes a Raspberry Pi 4 of this machine, as far as that goes, and runs the checks. As root.
set -u
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1
bank=/sys/kernel/config/gpio-sim/bench
mkdir -p $bank/bank0 || exit
echo 54 >$bank/bank0/num_lines
echo pinctrl-bcm2711 >$bank/bank0/label
echo 1 >$bank/live
ln -s system "/dev/dma_heap/linux,cma" # the name that picamera2 looks for
# A kernel that was built here has a test camera of its own, and libcamera would find that one first.
if [ -e /sys/bus/platform/drivers/vimc/vimc.0 ]; then
  echo vimc.0 >/sys/bus/platform/drivers/vimc/unbind
fi
ours=/run/bench
mkdir -p $ours/scene
cp /bench/scenes/clear.jpg $ours/scene/0.jpg
# The line by which gpiozero knows a Raspberry Pi 4. The service has a /proc of its own: the drop-in,
# the only thing that is added to the unit, brings it there, too.
printf 'processor\t: 0\nRevision\t: c03115\n' >$ours/cpuinfo
mount --bind $ours/cpuinfo /proc/cpuinfo
mkdir -p /run/systemd/system/shuttergate.service.d
printf '[Service]\nBindReadOnlyPaths=/run/bench/cpuinfo:/proc/cpuinfo\n' \
  >/run/systemd/system/shuttergate.service.d/bench.conf
udevadm settle
cd /
mapfile -t arguments </bench/arguments
# bank.py shares its pins with the bench of the package, which is not installed yet.
PYTHONPATH=/bench/inside:/bench/checkout/firmware python3 -m pytest -p workbench -p no:cacheprovider -q -rA --tb=short \
  --rootdir /bench/inside --basetemp /run/bench/tmp \
  "${arguments[@]}"
echo $? >/bench/status
journalctl -b -o short-monotonic --no-pager >/bench/journal
sync
echo o >/proc/sysrq-trigger
