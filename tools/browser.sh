#!/bin/sh
# Makes sure that the browser journeys have a Chromium or Chrome and the ChromeDriver that fits it. Installs Debian's
# packages where it can; elsewhere it says what is missing and how to get it, and fails.
set -eu

find_browser() {
    for name in ${DASH_TEST_CHROMEPATH:+"$DASH_TEST_CHROMEPATH"} chromium chromium-browser google-chrome \
        google-chrome-stable; do
        command -v "$name" && return
    done
    set -- "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    if [ -x "$1" ]; then echo "$1"; else return 1; fi
}

fail() {
    echo "$*" >&2
    exit 1
}

install_debian() {
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "The browser tests need Chromium and its driver, and installing them" \
            "needs root: run 'apt-get update && apt-get install -y chromium chromium-driver' as root."
        as_root=sudo
    fi
    echo "Installing Chromium and its driver for the browser tests ..."
    # shellcheck disable=SC2086  # empty when root
    if ! { $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; }; then
        fail "Chromium and its driver could not be installed: run 'apt-get update && apt-get install -y chromium" \
            "chromium-driver' as root and see what it says (on Ubuntu, install Google Chrome and ChromeDriver instead)."
    fi
}

if { ! find_browser || ! command -v chromedriver; } >/dev/null; then
    if [ -r /etc/debian_version ] && command -v apt-get >/dev/null; then
        install_debian
    fi
fi

case $(uname -s) in
Darwin)
    how_browser="install Google Chrome (brew install --cask google-chrome)"
    how_driver="brew install --cask chromedriver"
    ;;
*)
    how_browser="install Chromium or Google Chrome with your system's package manager"
    how_driver="install the ChromeDriver of your browser's version with your system's package manager"
    ;;
esac

browser=$(find_browser) || fail "The browser tests need Chromium or Google Chrome and found neither: $how_browser."
driver=$(command -v chromedriver) || fail "The browser tests need ChromeDriver on the PATH and found none: $how_driver."

major() { "$1" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9]*\)\..*/\1/p' | head -n 1; }
browser_version=$(major "$browser")
driver_version=$(major "$driver")
[ -n "$browser_version" ] || fail "$browser does not start: $how_browser."
[ -n "$driver_version" ] || fail "$driver does not start: $how_driver (on macOS, if the system blocks it:" \
    "xattr -d com.apple.quarantine $driver)."
[ "$browser_version" = "$driver_version" ] || fail "ChromeDriver is version $driver_version but the browser is" \
    "version $browser_version, and they must be equal: update the older one ($how_driver)."
