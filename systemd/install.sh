#!/usr/bin/env bash
# Put shuttergate on a Raspberry Pi, bring it up to date, or take it off again.
# Raspberry Pi OS bookworm and trixie. Run it as often as you like: it changes what differs.
set -Eeuo pipefail
umask 022 # what is written here is read by the service's user, whatever root's own habit is

# People are spoken to in Japanese where the environment asks for it, as by the kit itself.
case ${LANGUAGE:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}} in
  ja | ja[_.:@]*) japanese=yes ;;
  *) japanese='' ;;
esac

# say ENGLISH JAPANESE: one of the two.
say() { if [[ $japanese ]]; then echo "$2"; else echo "$1"; fi; }

trap 'say "install.sh: stopped at line $LINENO; mend what is said above and run it again" \
  "install.sh: $LINENO 行目で止まりました。上に出ている問題を直してから、もう一度実行してください" >&2' ERR

usage() {
  if [[ $japanese ]]; then
    cat <<'TEXT'
使い方: sudo systemd/install.sh [--board 名前|パス] [--video] [--heif] [--credentials]
                                [--dry-run] [--root フォルダー]
        sudo systemd/install.sh --uninstall [--dry-run] [--root フォルダー]

  --board 名前  キットのボード。最初の1回は必要（`ls device` で一覧が出る）。/etc/shuttergate に
                置いた自作の board.toml なら、そのフルパス
  --video       PyAV も入れる。なければ写真だけのキットになる。GPL の x264 と x265 が入っている。
                更新しても残る
  --heif        pi-heif も入れる。なければ、画面で HEIC の画像を開けない。LGPL の libheif と
                libde265 が入っている。更新しても残る
  --credentials c2pa-python と cryptography も入れる。なければ、写真に署名できない。更新しても残る
  --dry-run     行うことをすべて表示し、何も変えない
  --uninstall   /var/lib/shuttergate/album の写真と動画のほかを、すべて取り除く
  --root フォルダー
                そのフォルダーをルートとみなして作業する。ファイルだけを扱い、パッケージ、
                ユーザー、サービスには触れない

設定（/etc/shuttergate/shuttergate.toml）、写真、動画は、更新しても残ります。
TEXT
    return
  fi
  cat <<'TEXT'
usage: sudo systemd/install.sh [--board NAME|PATH] [--video] [--heif] [--credentials]
                               [--dry-run] [--root DIR]
       sudo systemd/install.sh --uninstall [--dry-run] [--root DIR]

  --board NAME  what the kit is made of; needed the first time (`ls device` shows the boards);
                or the whole path of a board.toml of your own, as in /etc/shuttergate
  --video       add PyAV, without which a kit takes photos only; it brings x264 and x265, whose
                licence is the GPL. Kept on update
  --heif        add pi-heif, without which the page reads no HEIC picture; it brings libheif and
                libde265, whose licence is the LGPL. Kept on update
  --credentials add c2pa-python and cryptography, without which no photo is signed. Kept on update
  --dry-run     print every action, change nothing
  --uninstall   take everything off but the photos and videos in /var/lib/shuttergate/album
  --root DIR    work in the tree DIR: files only; no packages, no users, no services

Configuration (/etc/shuttergate/shuttergate.toml), photos and videos are kept on update.
TEXT
}

# fail ENGLISH JAPANESE [STATUS]
fail() {
  say "install.sh: $1" "install.sh: $2" >&2
  exit "${3:-1}"
}

board='' described='' dry='' root='' uninstall='' extras=() # described: the board's own board.toml
while (($#)); do
  case $1 in
    --board | --root)
      (($# > 1)) || fail "$1 needs a value; see --help" "$1 には値が要ります。--help をご覧ください" 2
      if [[ $1 == --board ]]; then board=$2; else root=$2; fi
      shift
      ;;
    --dry-run) dry=yes ;;
    --video | --heif | --credentials) extras+=("${1#--}") ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "there is no option $1; see --help" "$1 というオプションはありません。--help をご覧ください" 2 ;;
  esac
  shift
done

if [[ $root ]]; then
  root=$(realpath -e -- "$root" 2>/dev/null) \
    || fail "--root: there is no such folder; make it or correct its name" \
      "--root: そのフォルダーはありません。作るか、名前を直してください" 2
  root=${root%/}
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(dirname "$here")
opt=$root/opt/shuttergate
etc=$root/etc/shuttergate
album=$root/var/lib/shuttergate/album
command=$root/usr/local/bin/shuttergate
config=$etc/shuttergate.toml
edits=$etc/boot-edits # what was added to the boot settings, so that just that is taken out again

# Our file in this folder, and where it goes.
files=(
  shuttergate.service /etc/systemd/system/shuttergate.service
  shuttergate-console.service /etc/systemd/system/shuttergate-console.service
  shuttergate-kiosk.service /etc/systemd/system/shuttergate-kiosk.service
  shuttergate.sysusers /etc/sysusers.d/shuttergate.conf
  shuttergate.tmpfiles /etc/tmpfiles.d/shuttergate.conf
  shuttergate.rules /etc/udev/rules.d/70-shuttergate.rules
  shuttergate-watchdog.conf /etc/systemd/system.conf.d/50-shuttergate-watchdog.conf
)

# A released output must not stay driven (persist_gpio_outputs; the Pi 5's chip is rp1), and
# MemorySwapMax= needs the memory controller, which Raspberry Pi kernels leave off.
parameters=(
  pinctrl_bcm2835.persist_gpio_outputs=n
  pinctrl_rp1.persist_gpio_outputs=n
  cgroup_enable=memory
)
block_begin='# shuttergate: begin (taken out by install.sh --uninstall)'
block_end='# shuttergate: end'
# strict_gpiod says the same as the first two parameters, in the firmware's words for any model.
block="$block_begin
[all]
dtparam=strict_gpiod
dtparam=watchdog=on
$block_end"

# Every change goes through `act` (a command) or `put` (a file), so that --dry-run sees them all.
act() {
  if [[ $dry ]]; then
    say "would: $*" "予定: $*"
  else
    echo "$*"
    "$@"
  fi
}

# For what only a running system can do: users, packages, services.
system() {
  if [[ $root ]]; then say "skipped in a tree: $*" "--root では省略: $*"; else act "$@"; fi
}

# put FILE [MODE] < CONTENT: write it if it differs, whole or not at all.
put() {
  local file=$1 mode=${2:-0644} new
  new=$(mktemp)
  cat >"$new"
  if [[ -f $file ]] && cmp -s "$new" "$file"; then
    rm -f "$new"
    return
  fi
  if [[ $dry ]]; then
    say "would: write $file" "予定: 書き込み $file"
  else
    say "write $file" "書き込み $file"
    mkdir -p "$(dirname "$file")"
    cat "$new" >"$file.new"
    # Only where it differs: the boot partition (FAT) refuses to hear of modes.
    if [[ $mode != 0644 ]]; then chmod "$mode" "$file.new"; fi
    sync "$file.new"
    mv -f "$file.new" "$file"
  fi
  rm -f "$new"
}

# gone PATH…: remove what is there.
gone() {
  local path
  for path in "$@"; do
    if [[ -e $path || -L $path ]]; then act rm -rf -- "$path"; fi
  done
}

# empty_gone FOLDER…: remove a folder of the system that we made, unless it holds something else.
empty_gone() {
  local path
  for path in "$@"; do
    if [[ -d $path && -z $(ls -A "$path") ]]; then act rmdir -- "$path"; fi
  done
}

boot_folder() {
  local folder
  for folder in "$root/boot/firmware" "$root/boot"; do
    if [[ -f $folder/cmdline.txt ]]; then
      echo "$folder"
      return
    fi
  done
}

check() {
  if [[ ! $dry && ! $root && $EUID -ne 0 ]]; then
    fail "this needs root; run it with sudo, or look first with --dry-run" \
      "root 権限が要ります。sudo を付けて実行するか、まず --dry-run で内容を確かめてください"
  fi
  case $source/ in
    "$opt"/*) fail "this checkout is in $opt, which belongs to the installation; move it elsewhere" \
      "このクローンは、インストール先の $opt の中にあります。別の場所に移してください" ;;
  esac
  [[ $uninstall ]] && return
  if [[ -z $board && -f $config ]]; then
    board=$(sed -n 's/^board *= *"\([^"]*\)".*/\1/p' "$config")
  fi
  [[ $board ]] || fail "which board? name it with --board: $(boards)" \
    "どのボードですか。--board で指定してください: $(boards)" 2
  described=$source/device/$board/board.toml
  if [[ $board == /* ]]; then described=$root$board; fi
  [[ -f $described && -r $described ]] || fail "no board is called '$board'; use one of: $(boards), \
or the whole path of a readable board.toml of your own" "「${board}」というボードはありません。次のどれかか、\
自作の（読める）board.toml のフルパスを指定してください: $(boards)" 2
  [[ $root ]] && return
  local python
  python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
  case $python in
    3.11 | 3.12 | 3.13) ;;
    *) fail "python3 is $python; shuttergate needs 3.11 to 3.13: Raspberry Pi OS bookworm or trixie" \
      "python3 の版が合いません（$python）。3.11～3.13 が要ります: Raspberry Pi OS の bookworm か trixie" ;;
  esac
}

boards() {
  local file names=()
  for file in "$source"/device/*/board.toml; do names+=("$(basename "$(dirname "$file")")"); done
  echo "${names[*]}"
}

# made_with DRIVER: whether the board's description names it.
made_with() { grep -q "^driver *= *\"$1\"" "$described"; }

# fits VERSION: whether this package of the Coral's library works with today's TensorFlow Lite. The
# TensorFlow that it is built for stands in its version, as 16.0tf2.19.1-1; Google's 16.0 is for 2.5.
fits() {
  [[ $1 =~ tf([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] > 2 || BASH_REMATCH[2] >= 16))
}

# Adds the Coral's library to `wanted` where apt has one that fits, and says what stands in the way.
edgetpu_library() {
  local name version offered mend
  mend=$(say "the Coral accelerator stays a fault; install a build for TensorFlow 2.16 or newer, as \
docs/install.md says" \
    'Coral は故障のままです。TensorFlow 2.16 以降向けのものを入れてください（docs/install.ja.md）')
  for name in libedgetpu1-std libedgetpu1-max; do
    version=$(dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$name" 2>/dev/null) || continue
    [[ $version == 'ii '* ]] || continue
    if ! fits "$version"; then
      say "note: $name ${version#ii } is installed, and is built for a TensorFlow that is too old: \
$mend" \
        "注意: 入っている $name ${version#ii } は、古すぎる TensorFlow 用です。$mend"
    fi
    return
  done
  offered=$(LC_ALL=C apt-cache policy libedgetpu1-std 2>/dev/null | sed -n 's/^ *Candidate: *//p')
  if fits "$offered"; then
    wanted+=(libedgetpu1-std)
  elif [[ $(ldconfig -p) == *libedgetpu.so.1* ]]; then
    return # of no package: the doctor reads what it says of itself
  elif [[ $offered && $offered != '(none)' ]]; then
    say "note: apt's libedgetpu1-std is $offered, built for a TensorFlow that is too old, and is not \
installed: $mend" \
      "注意: apt の libedgetpu1-std $offered は、古すぎる TensorFlow 用なので入れません。$mend"
  else
    say "note: apt has no libedgetpu1-std and libedgetpu.so.1 is not installed: $mend" \
      "注意: apt に libedgetpu1-std がなく、libedgetpu.so.1 も入っていません。$mend"
  fi
}

packages() {
  # libseccomp2, which apt itself needs: what confines the kit's processes.
  local wanted=(python3-venv libseccomp2)
  # The camera's and the pins' Python modules are the system's own: they must fit its libcamera.
  if made_with picamera2; then wanted+=(python3-picamera2 python3-libcamera); fi
  if made_with lgpio; then wanted+=(python3-lgpio); fi
  if made_with edgetpu; then
    if [[ $root ]]; then wanted+=(libedgetpu1-std); else edgetpu_library; fi
  fi
  local missing=() name
  for name in "${wanted[@]}"; do
    if [[ $root ]] || ! dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed'; then
      missing+=("$name")
    fi
  done
  if ((${#missing[@]})); then
    system apt-get install --yes --no-install-recommends "${missing[@]}"
  fi
}

# The program's own files, as they would be found anywhere: their sums tell whether they changed.
sums() {
  (cd "$source" && find firmware device models docs requirements README.md LICENSE NOTICE -type f \
    ! -path '*/__pycache__/*' ! -path '*/.*_cache/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

program() {
  local now
  now=$(sums)
  if [[ -f $opt/app/.sums ]] && cmp -s <(echo "$now") "$opt/app/.sums"; then return; fi
  if [[ $dry ]]; then
    say "would: copy firmware, device, models and docs to $opt/app" \
      "予定: firmware、device、models、docs を $opt/app にコピー"
    return
  fi
  say "copy firmware, device, models and docs to $opt/app" \
    "firmware、device、models、docs を $opt/app にコピー"
  rm -rf "$opt/app.new"
  mkdir -p "$opt/app.new"
  (cd "$source" && echo "$now" | sed 's/^[0-9a-f]*  //' | tr '\n' '\0' \
    | xargs -0 cp --parents -t "$opt/app.new")
  echo "$now" >"$opt/app.new/.sums"
  # Not the owner's umask: the service's user must be able to read it, and nobody to write it.
  chmod -R u=rwX,go=rX "$opt/app.new"
  rm -rf "$opt/app"
  mv "$opt/app.new" "$opt/app"
}

environment() {
  local venv=$opt/venv python stamp extra chosen=() lists=("$source/requirements/run.txt")
  for extra in video heif credentials; do
    if [[ " ${extras[*]} " == *" $extra "* || -f $venv/.$extra ]]; then
      chosen+=("$extra")
      lists+=("$source/requirements/$extra.txt")
    fi
  done
  stamp=$(python3 --version; cat "${lists[@]}" | sha256sum)
  if [[ ! -f $venv/.installed || $(<"$venv/.installed") != "$stamp" ]]; then
    # Anew, not over the old one: a package that is no longer listed must not stay behind.
    system rm -rf "$venv"
    system python3 -m venv --system-site-packages "$venv"
    # Without dependencies: the lists are whole, but for what c2pa-python asks for in vain.
    system "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
      --require-hashes "${lists[@]/#/--requirement=}"
    if [[ ! $root && ! $dry ]]; then
      for extra in "${chosen[@]}"; do touch "$venv/.$extra"; done
      echo "$stamp" >"$venv/.installed"
    fi
  fi
  # No build tool, nothing fetched: the program is on the path of its own Python, and that is all.
  if [[ $root || $dry ]]; then
    say "skipped: $venv/bin/shuttergate" "省略: $venv/bin/shuttergate"
  else
    python=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo /opt/shuttergate/app/firmware | put "$python/shuttergate.pth"
    put "$venv/bin/shuttergate" 0755 <<'PYTHON'
#!/opt/shuttergate/venv/bin/python -IB
from shuttergate.cli import start

start()
PYTHON
    "$venv/bin/python" -m compileall -q /opt/shuttergate/app/firmware
  fi
  if [[ $(readlink "$command" || true) != /opt/shuttergate/venv/bin/shuttergate ]]; then
    act mkdir -p "$(dirname "$command")"
    act ln -sfn /opt/shuttergate/venv/bin/shuttergate "$command"
  fi
}

configuration() {
  if [[ -f $config ]]; then
    grep -q "^board *= *\"$board\"" "$config" \
      || say "note: $config is kept, and names another board than $board; change it there" \
        "注意: $config はそのまま残します。ボードが $board ではないので、そこを書き換えてください"
    return
  fi
  sed -e "s|^board = \"[^\"]*\"|board = \"$board\"|" \
    -e '/^\[album\]/,/^\[/ s|^folder = ""|folder = "/var/lib/shuttergate/album"|' \
    "$source/$(say shuttergate.example.toml shuttergate.example.ja.toml)" | put "$config"
}

copy_files() {
  local i
  for ((i = 0; i < ${#files[@]}; i += 2)); do put "$root${files[i + 1]}" <"$here/${files[i]}"; done
}

back_up() {
  if [[ ! -e $1.before-shuttergate ]]; then act cp -p "$1" "$1.before-shuttergate"; fi
}

# put_line LINE FILE: with a newline at its end only if there was one; some images have none.
put_line() {
  local end=''
  if [[ $(tail -c 1 "$2" | wc -l) -eq 1 ]]; then end=$'\n'; fi
  printf '%s%s' "$1" "$end" | put "$2"
}

boot_settings() {
  local boot line parameter key added=()
  boot=$(boot_folder)
  if [[ ! $boot ]]; then
    say "note: there is no cmdline.txt: not a Raspberry Pi's boot folder, so it is left alone" \
      "注意: cmdline.txt がありません。Raspberry Pi の起動用フォルダーではないので、何も変えません"
    return
  fi
  line=$(<"$boot/cmdline.txt")
  for parameter in "${parameters[@]}"; do
    key=${parameter%%=*}
    # The last one counts.
    if [[ $(tr ' ' '\n' <<<"$line" | grep "^$key=" | tail -1) == "$parameter" ]]; then continue; fi
    line="$line $parameter"
    added+=("$parameter")
  done
  if ((${#added[@]})); then
    back_up "$boot/cmdline.txt"
    # First what to take out again, then what was put in.
    { if [[ -f $edits ]]; then cat "$edits"; fi; printf '%s\n' "${added[@]}"; } | put "$edits"
    put_line "$line" "$boot/cmdline.txt"
  fi
  if [[ -f $boot/config.txt ]] && ! grep -qxF "$block_begin" "$boot/config.txt"; then
    back_up "$boot/config.txt"
    { cat "$boot/config.txt"; printf '\n%s\n' "$block"; } | put "$boot/config.txt"
  fi
}

boot_settings_undone() {
  local boot line parameter text
  boot=$(boot_folder)
  [[ $boot ]] || return 0
  if [[ -f $edits ]]; then
    line=" $(<"$boot/cmdline.txt") "
    while read -r parameter; do
      if [[ $line == *" $parameter "* ]]; then # the last one: ours was put at the end
        line="${line%" $parameter "*} ${line##*" $parameter "}"
      fi
    done <"$edits"
    line=${line# }
    put_line "${line% }" "$boot/cmdline.txt"
  fi
  if [[ -f $boot/config.txt ]] && grep -qxF "$block_begin" "$boot/config.txt"; then
    if ! grep -qxF "$block_end" "$boot/config.txt"; then
      say "note: in $boot/config.txt the line '$block_end' is gone: take out by hand what stands \
after '$block_begin'; as it was before is in $boot/config.txt.before-shuttergate" \
        "注意: $boot/config.txt から「${block_end}」の行がなくなっています。「${block_begin}」より後を手で取り除いて\
ください。元の内容は $boot/config.txt.before-shuttergate にあります"
      gone "$boot/cmdline.txt.before-shuttergate"
      return
    fi
    text=$(cat "$boot/config.txt" && echo x) # the x keeps the newlines at the end
    text=${text%$'x'}
    if [[ $text != *$'\n' ]]; then text+=$'\n'; fi # an editor may have taken the last one
    printf '%s' "${text%%$'\n'"$block_begin"*}${text#*"$block_end"$'\n'}" | put "$boot/config.txt"
  fi
  gone "$boot/cmdline.txt.before-shuttergate" "$boot/config.txt.before-shuttergate"
}

# Models that others publish and the board needs; each is checked against its sum in model.toml.
published_models() {
  local pack
  for pack in "$source"/models/*/model.toml; do
    pack=$(basename "$(dirname "$pack")")
    if grep -q "\"$pack\"" "$described" \
      && grep -q '^\[published' "$source/models/$pack/model.toml"; then
      system "$opt/venv/bin/shuttergate" model fetch "$pack" \
        || say "note: without a network, bring its files on a stick: \
sudo shuttergate model add FILE…" \
          "注意: ネットワークがなければ、USB メモリでファイルを持ってきてください: sudo shuttergate model add ファイル…"
    fi
  done
}

# Which models look live, and how many frames a second, is measured on this very kit while nothing
# of ours runs. Once: what stands in the settings is kept, whoever wrote it.
measured() {
  local asked=(shuttergate doctor --measure --config "$config" --write)
  if [[ -f $config ]] && grep -q '^live *= *\["' "$config"; then return; fi
  system "$opt/venv/bin/${asked[0]}" "${asked[@]:1}" || say "note: the board's own live models and \
rate stay, as nothing was measured; mend what is said above, then: sudo ${asked[*]}" \
    "注意: 測れなかったので、常時の確認をするモデルと速さは、ボードのもののままです。上に出ている問題を\
直してから: sudo ${asked[*]}"
}

# As the service would see it: its user, its groups, a folder for lgpio's FIFO.
first_doctor() {
  local folder status=0
  if [[ $root || $dry ]]; then
    say "skipped: shuttergate doctor, as the service's user" \
      "省略: サービスのユーザーで行う shuttergate doctor"
    return
  fi
  folder=$(mktemp -d)
  chown shuttergate: "$folder"
  (cd "$folder" && runuser -u shuttergate -g shuttergate -G video -G gpio -G plugdev -- \
    env HOME="$folder" /opt/shuttergate/venv/bin/shuttergate doctor --config "$config") || status=$?
  rm -rf "$folder"
  return "$status"
}

# services VERB…: for the units of ours that are there.
services() {
  local unit
  for unit in shuttergate-kiosk shuttergate-console shuttergate; do
    if [[ -f $root/etc/systemd/system/$unit.service ]]; then system systemctl "$@" "$unit.service"; fi
  done
}

# The last word of a dry run: whether it was one.
nothing_done() {
  [[ $dry ]] && say "That was a dry run: nothing was changed" "試しの実行なので、何も変更していません"
}

install_all() {
  services stop # from here on the shutter is dead, also if something below fails
  packages
  program
  environment
  copy_files
  system systemd-sysusers /etc/sysusers.d/shuttergate.conf
  configuration
  if [[ $root && ! -d $album ]]; then act mkdir -p "$album"; fi
  system systemd-tmpfiles --create /etc/tmpfiles.d/shuttergate.conf
  system udevadm control --reload
  system udevadm trigger --subsystem-match=usb --subsystem-match=gpio --subsystem-match=dma_heap
  boot_settings
  system systemctl daemon-reload
  system systemctl enable shuttergate.service
  published_models
  measured
  if first_doctor; then
    system systemctl start shuttergate.service
  else
    say "note: the doctor found a fault. Mend it, then: sudo systemctl start shuttergate" \
      "注意: doctor が故障を見つけました。直してから: sudo systemctl start shuttergate"
  fi
  # Also where the kit is off: the page says so. A kiosk that is switched on comes with it.
  system systemctl enable --now shuttergate-console.service
  if nothing_done; then return; fi
  say "done. If boot settings were written above, restart once: sudo reboot" \
    "完了。上で起動設定を書き込んでいれば、一度だけ再起動してください: sudo reboot"
  say "The page is at http://127.0.0.1:8080/ on the kit itself" \
    "画面は、キット本体の http://127.0.0.1:8080/ にあります"
}

uninstall_all() {
  local i
  services disable --now
  boot_settings_undone
  for ((i = 0; i < ${#files[@]}; i += 2)); do gone "$root${files[i + 1]}"{,.d}; done # .d: edits
  empty_gone "$root/etc/systemd/system.conf.d" "$root/etc/sysusers.d"
  gone "$command" "$opt" "$config" "$edits" "$root/var/lib/shuttergate/models"
  empty_gone "$etc"
  if [[ -d $etc && ! $dry ]]; then
    say "what you put into $etc yourself is still there" "ご自分で $etc に置いたものは、残してあります"
  fi
  system systemctl daemon-reload
  system udevadm control --reload
  empty_gone "$album" "$root/var/lib/shuttergate"
  # A number that is free again may be given to somebody else: the photos are not for them.
  if [[ -d $album ]]; then system chown -R root:root "$album"; fi
  for i in shuttergate-kiosk shuttergate-console shuttergate; do
    if [[ ! $root ]] && getent passwd "$i" >/dev/null; then act userdel "$i"; fi
  done
  if [[ -d $album ]]; then say "the photos are still in $album" "写真は $album に残っています"; fi
  if nothing_done; then return; fi
  say "done; packages from apt stay. Restart once for the boot settings: sudo reboot" \
    "完了。apt のパッケージは残ります。起動設定を戻すため、一度再起動してください: sudo reboot"
}

check
if [[ $uninstall ]]; then uninstall_all; else install_all; fi
