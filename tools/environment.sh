#!/bin/sh
# environment.sh FOLDER UV_VERSION: makes FOLDER a virtual environment that holds that version of uv.
# Takes the interpreter that PYTHON names, else the first suitable one on the PATH; says so plainly if there is none.
set -eu
folder=$1
uv_version=$2

if [ "$(uname -s)/$(uname -m)" = Darwin/x86_64 ]; then
    echo "Stratoscope runs on Macs with Apple silicon only: torch and MLX are no longer made for Intel Macs." >&2
    exit 1
fi

if ! "$folder/bin/python" -c '' 2>/dev/null; then
    chosen=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            chosen=$candidate
            break
        fi
    done
    if [ -z "$chosen" ]; then
        echo "Stratoscope needs Python 3.11 to 3.14 and found none in: ${PYTHON:-the PATH}. Install one (Debian:" \
            "apt-get install -y python3 python3-venv; macOS: brew install python@3.13) or name it:" \
            "make run PYTHON=/path/to/python3." >&2
        exit 1
    fi
    echo "Creating $folder with $("$chosen" --version) ..."
    if ! "$chosen" -m venv --clear "$folder"; then
        rm -rf "$folder"
        echo "$chosen could not create the environment in $folder. Debian and Ubuntu keep that part of Python in a" \
            "package of its own: apt-get install -y python3-venv." >&2
        exit 1
    fi
fi

if [ "$("$folder/bin/uv" --version 2>/dev/null | cut -d ' ' -f 2)" != "$uv_version" ]; then
    if ! "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"; then
        echo "uv $uv_version, which installs the locked versions, could not be installed: check that this machine" \
            "reaches a Python package index, then run make again." >&2
        exit 1
    fi
fi
