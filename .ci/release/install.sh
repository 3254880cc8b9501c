#!/bin/sh
# Installs auth for the user who runs this, without root: finds out what this machine is, downloads the release for it,
# checks the publisher's signature and every sum before anything is unpacked or run, and puts one file in its place.
#
#   sh install.sh [--dir <folder>] [--version <x.y.z>]
#   sh install.sh --uninstall [--dir <folder>]
#
# Needs curl or wget, openssl or minisign, tar and gzip. Runs in any POSIX shell (dash, busybox).
set -eu

# The release fills these in.
url='@URL@'
version_of_script='@VERSION@'
keys='@KEYS@'
minisign_key='@MINISIGN_KEY@'

usage() {
  cat <<'END'
Installs auth into ~/.local/bin, or the folder you name. Nothing outside of it is changed.

  --dir <folder>     where the program goes
  --version <x.y.z>  this release instead of the newest
  --uninstall        remove the program; your logins stay
  --help             this text

HTTPS_PROXY and NO_PROXY are respected.
END
}

main() {
  folder=${HOME:+$HOME/.local/bin}
  wanted=
  action=install
  while [ $# -gt 0 ]; do
    case $1 in
      --dir | --version)
        [ $# -ge 2 ] || wrong "$1 needs a value."
        if [ "$1" = --dir ]; then folder=$2; else wanted=${2#v}; fi
        shift
        ;;
      --uninstall) action=uninstall ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) wrong "There is no option $1." ;;
    esac
    shift
  done
  [ -n "$folder" ] || wrong "HOME is not set. Say where auth goes: --dir <folder>"
  case $folder in
    /*) ;;
    *) folder=$(pwd)/$folder ;;
  esac
  case $wanted in
    *[!0-9A-Za-z.-]*) wrong "A version is written as 1.2.3." ;;
  esac
  $action
}

say() { printf '%s\n' "$*"; }

# What happened, then what to do.
fail() {
  printf 'Error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '%s\n' "$line" >&2; done
  exit 1
}

wrong() {
  printf 'Error: %s\nSee: sh install.sh --help\n' "$1" >&2
  exit 64
}

has() { command -v "$1" >/dev/null 2>&1; }

install() {
  for program in uname sed tr tar gzip mktemp date wc; do
    has $program || fail "$program is missing. Install it first."
  done
  platform=
  detect
  has openssl || has minisign || fail "The signature can't be checked: neither openssl nor minisign is here." \
    "Nothing was downloaded. Install one of them first; it takes no more than that."
  has curl || has wget || fail "Neither curl nor wget is here. Install one of them first."
  ours_or_nothing
  mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || fail "$folder can't be written." "Name another folder: --dir <folder>"

  work=$(mktemp -d "${TMPDIR:-/tmp}/auth-install.XXXXXX")
  fresh=$folder/.auth-install.$$
  trap 'rm -rf "$work" "$fresh"' EXIT
  trap 'exit 130' INT TERM HUP
  umask 022

  from=$url${wanted:+/$wanted}
  get manifest.json 1000000
  check_signature
  read_manifest
  say "Getting auth $version for $platform …"
  get "$archive" "$archive_size"
  check_file "$work/$archive" "$archive_size" "$archive_sum" "$archive"
  unpack
  place
}

# --- what this machine is -------------------------------------------------------------------------------------------

detect() {
  system=$(uname -s)
  machine=$(uname -m)
  case $machine in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "There is no auth for this processor ($machine)." "It is made for x86-64 and arm64." ;;
  esac
  case $system in
    Linux) linux ;;
    Darwin) darwin ;;
    MINGW* | MSYS* | CYGWIN*) fail "This is Windows." "Use install.ps1, in PowerShell." ;;
    *) fail "There is no auth for $system." "It is made for Linux, macOS and Windows." ;;
  esac
}

linux() {
  if has getconf && [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
    fail "This system's programs are 32-bit." "auth is made for 64-bit systems."
  fi
  if [ $cpu = x64 ]; then
    loader=/lib64/ld-linux-x86-64.so.2 musl=/lib/ld-musl-x86_64.so.1
    # x86-64-v2: every processor since 2009. An emulator's default often lacks it.
    if [ -r /proc/cpuinfo ] && ! grep -q sse4_2 /proc/cpuinfo; then
      fail "This processor has no SSE4.2, which auth needs." \
        "On a virtual machine, give it its host's processor (QEMU: -cpu host)."
    fi
  else
    loader=/lib/ld-linux-aarch64.so.1 musl=/lib/ld-musl-aarch64.so.1
  fi
  if [ -e $loader ]; then
    platform=linux-$cpu
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc 2\.\([0-9]*\).*/\1/p') || glibc=
    if [ -n "$glibc" ] && [ "$glibc" -lt 17 ]; then
      fail "This system's C library is glibc 2.$glibc." "auth needs glibc 2.17 or newer, or musl."
    fi
  elif [ -e $musl ]; then
    platform=linux-$cpu-musl
    if [ ! -e /usr/lib/libstdc++.so.6 ] && [ ! -e /lib/libstdc++.so.6 ] && [ ! -e /usr/local/lib/libstdc++.so.6 ]; then
      fail "libstdc++.so.6 is missing, which auth needs beside musl." \
        "Install the package that has it, then run this again. On Alpine: apk add libstdc++"
    fi
  else
    fail "This system has neither glibc nor musl at the usual place ($loader, $musl)." \
      "On NixOS use the release's auth.nix."
  fi
}

darwin() {
  # A shell under Rosetta says x86_64 on a machine that is arm64.
  if [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then cpu=arm64; fi
  macos=$(sw_vers -productVersion 2>/dev/null) || macos=
  case ${macos%%.*} in
    '' | *[!0-9]*) ;;
    *) [ "${macos%%.*}" -ge 13 ] || fail "This is macOS $macos." "auth needs macOS 13 or newer." ;;
  esac
  platform=darwin-$cpu
}

# --- download -------------------------------------------------------------------------------------------------------

# get <file name> <bytes it may have>: from the release's folder into ours.
get() {
  case $from in
    https://*) protocols='=https' ;;
    http://127.0.0.1[:/]* | http://localhost[:/]*) protocols='=http,https' ;;
    *) fail "The address of the releases is not https: $from" ;;
  esac
  if has curl; then
    curl -fsSL --proto "$protocols" --retry 2 --connect-timeout 30 --max-filesize "$2" -o "$work/$1" "$from/$1" && return
  else
    # shellcheck disable=SC2046
    wget -q $(patience) -O "$work/$1" "$from/$1" && return
  fi
  fail "$from/$1 could not be downloaded." \
    "Check that this machine is online, and HTTPS_PROXY if it is behind a proxy. Nothing was installed."
}

# M: the wget of Debian's static busybox (1.35) crashes where it is given a timeout.
patience() {
  if wget --version 2>/dev/null | grep 'GNU Wget' >/dev/null; then printf '%s' '--tries=3 --timeout=60'; fi
}

# --- trust ----------------------------------------------------------------------------------------------------------

untrusted() { fail "$1" "Nothing was installed. Report this to the publisher of auth."; }

check_signature() {
  if has openssl; then
    get manifest.json.sig 10000
    # One file for each: this release's, and the one that comes after it.
    printf '%s\n' "$keys" | sed -n '1,/END/p' >"$work/1.pem"
    printf '%s\n' "$keys" | sed '1,/END/d' >"$work/2.pem"
    for one in 1 2; do
      openssl dgst -sha256 -verify "$work/$one.pem" -signature "$work/manifest.json.sig" "$work/manifest.json" \
        >/dev/null 2>&1 && return
    done
  else
    get manifest.json.minisig 10000
    minisign -Vqm "$work/manifest.json" -P "$minisign_key" >/dev/null 2>&1 && return
  fi
  untrusted "The release is not signed by its publisher: the signature of manifest.json is wrong."
}

# A signed manifest only: what it holds is trusted to be JSON of the known form.
read_manifest() {
  # One line for each brace: the head, then for each file itself and its program.
  tr -d '\n\r\t ' <"$work/manifest.json" | tr '{' '\n' >"$work/lines"
  head=$(sed -n 2p "$work/lines")
  file=$(grep "\"platform\":\"$platform\"" "$work/lines") || fail "This release has no auth for $platform."
  program=$(sed -n "/\"platform\":\"$platform\"/{n;p;}" "$work/lines")
  [ "$(field product "$head")" = auth ] || untrusted "This is not a release of auth."
  version=$(field version "$head")
  if [ -n "$wanted" ]; then
    [ "$version" = "$wanted" ] || untrusted "This is auth $version, not $wanted."
  elif older "$version" "$version_of_script"; then
    untrusted "What is offered as the newest release ($version) is older than this script ($version_of_script)."
  fi
  published=$(field published "$head")
  expires=$(field expires "$head")
  now=$(date -u +%Y%m%d%H%M%S)
  [ "$now" -ge "$(digits "$published")" ] ||
    fail "This machine's clock is before the release was published ($published)." "Set the clock."
  # A certain version is wanted because it is old.
  [ -n "$wanted" ] || [ "$now" -le "$(digits "$expires")" ] ||
    fail "What is offered as the newest release was to be trusted until $expires." \
      "Check this machine's clock. If it is right, look for where auth is published now."
  archive=$(field name "$file") archive_size=$(field size "$file") archive_sum=$(field sha256 "$file")
  binary_size=$(field size "$program") binary_sum=$(field sha256 "$program")
  [ "$archive" = "auth-$version-$platform.tar.gz" ] || untrusted "The release names its files in an unknown way."
}

field() { printf '%s\n' "$2" | sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# 2026-01-31T12:00:00.000Z → 20260131120000
digits() { printf '%s\n' "$1" | sed 's/[^0-9]//g; s/^\(.\{14\}\).*/\1/'; }

# older <x.y.z> <x.y.z>
older() {
  [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | sed -n 1p)" = "$1" ]
}

check_file() {
  size=$(wc -c <"$1" | tr -d ' ')
  [ "$size" = "$2" ] || untrusted "$4 has $size bytes instead of $2: only a part of it came, or another file."
  [ "$(sum_of "$1")" = "$3" ] || untrusted "$4 is not the file that was signed."
}

sum_of() {
  if has sha256sum; then
    sha256sum "$1"
  elif has shasum; then
    shasum -a 256 "$1"
  elif has openssl; then
    openssl dgst -sha256 -r "$1"
  else
    fail "No sum can be computed: neither sha256sum, shasum nor openssl is here."
  fi | sed 's/^\\\{0,1\}\([0-9a-f]*\).*/\1/'
}

# --- unpack and put in place ----------------------------------------------------------------------------------------

unpack() {
  inside=auth-$version-$platform
  tar -tzf "$work/$archive" >"$work/names" 2>/dev/null || untrusted "$archive can't be unpacked."
  tar -tvzf "$work/$archive" >"$work/kinds" 2>/dev/null || untrusted "$archive can't be unpacked."
  if grep -v "^$inside/" "$work/names" >/dev/null || grep '\.\.' "$work/names" >/dev/null; then
    untrusted "$archive holds a file outside of its folder."
  fi
  if grep -v '^[-d]' "$work/kinds" >/dev/null; then untrusted "$archive holds a link or a device."; fi
  tar -xzf "$work/$archive" -C "$work" "$inside/auth" 2>/dev/null || untrusted "$archive doesn't hold the program."
  check_file "$work/$inside/auth" "$binary_size" "$binary_sum" "The program in $archive"
}

# Another program of that name is not overwritten.
ours_or_nothing() {
  [ -e "$folder/auth" ] || return 0
  case $("$folder/auth" --version 2>/dev/null </dev/null) in
    'auth '[0-9]*) ;;
    *) fail "$folder/auth is there, and is another program, or one that doesn't run." \
      "Move it away, or name another folder: --dir <folder>" ;;
  esac
}

place() {
  cp "$work/$inside/auth" "$fresh" && chmod 755 "$fresh" || fail "$folder can't be written: see above."
  said=$("$fresh" --version 2>&1 </dev/null) || fail "auth doesn't run on this machine:" "$said" "Nothing was installed."
  [ "$said" = "auth $version" ] || untrusted "The program says that it is: $said"
  mv -f "$fresh" "$folder/auth"
  say "Installed auth $version: $folder/auth"
  case :${PATH:-}: in
    *:"$folder":*) say "Begin with: auth login" ;;
    *) tell_path ;;
  esac
}

tell_path() {
  say "$folder is not on your PATH yet. For this shell and the next ones:"
  case ${SHELL:-sh} in
    */fish) say "  fish_add_path '$folder'" ;;
    */zsh) say "  echo 'export PATH=\"$folder:\$PATH\"' >> ~/.zprofile && . ~/.zprofile" ;;
    *) say "  echo 'export PATH=\"$folder:\$PATH\"' >> ~/.profile && . ~/.profile" ;;
  esac
}

uninstall() {
  [ -e "$folder/auth" ] || fail "There is no $folder/auth." "Elsewhere? Say where: --uninstall --dir <folder>"
  ours_or_nothing
  rm -f "$folder/auth" "$folder/auth.previous" || fail "$folder/auth can't be removed."
  say "Removed $folder/auth. Your logins stay where they were, sealed."
  say "To remove them too, before this: auth logout --all --yes, then the folders that 'auth help paths' prints."
}

# The last line: a script that was cut off on its way runs nothing.
main "$@"
