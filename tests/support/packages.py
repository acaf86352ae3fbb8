"""Which of Debian's packages bring what tests use; `python3 tests/support/packages.py` lists all.

For everything else tests need Python's packages alone, and requirements/dev.txt has those.
"""

from __future__ import annotations

OF = {
    "cc": ("gcc", "libc6-dev"),
    "chromium": ("chromium",),
    "cloud-init": ("cloud-init",),
    "exiftool": ("libimage-exiftool-perl",),
    "exiv2": ("exiv2",),
    "ffprobe": ("ffmpeg",),
    "libcamera": (  # what the bench's own is linked with
        "libyaml-0-2",
        "libyuv0",
        "libgnutls30",
        "libevent-2.1-7",
        "libevent-pthreads-2.1-7",
    ),
    "libasound.so.2": ("libasound2", "libasound2-data"),
    "dpkg-deb": ("dpkg",),
    "espeak-ng": ("espeak-ng",),
    "make": ("make",),
    "open_jtalk": ("open-jtalk", "open-jtalk-mecab-naist-jdic"),
    "shellcheck": ("shellcheck",),
    "strace": ("strace",),
    "systemd-analyze": ("systemd",),
    "systemd-sysusers": ("systemd",),
    "systemd-tmpfiles": ("systemd",),
}

ALL = tuple(sorted({package for packages in OF.values() for package in packages}))

if __name__ == "__main__":
    print(*ALL)
