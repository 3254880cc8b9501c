#!/bin/sh
# Installs auth for the user who runs this, without root: finds out what this machine is, downloads the release for it,
# checks the publisher's signature and every sum before anything is unpacked or run, and puts one file in its place.
#
#   sh install.sh [--dir <folder>] [--version <x.y.z>]
#   sh install.sh --uninstall [--dir <folder>]
#
# Needs curl or wget, openssl or minisign, tar and gzip. Runs in any POSIX shell (dash, busybox).
set -eu
LC_ALL=C
export LC_ALL
unset CDPATH TAR_OPTIONS GREP_OPTIONS

# The release fills these in.
url='@URL@'
version_of_script='@VERSION@'
keys='@KEYS@'
minisign_key='@MINISIGN_KEY@'

usage() {
  cat <<'END'
Installs auth into ~/.local/bin, or the folder you name. Nothing outside of it is changed.

  --dir <folder>     where the program goes
  --version <x.y.z>  this release instead of the newest; also an older one than is there
  --uninstall        remove the program. Your logins stay: to end them, first run 'auth logout --all --yes'
  --help             this text

HTTPS_PROXY and NO_PROXY are respected. What is there already is kept beside it, for 'auth upgrade --rollback'.
END
}

main() {
  folder=${HOME:+$HOME/.local/bin}
  wanted=
  action=install
  while [ $# -gt 0 ]; do
    option=${1%%=*}
    case $1 in
      --dir | --version | --dir=* | --version=*)
        case $1 in
          *=*) value=${1#*=} ;;
          *) value=${2-} ;;
        esac
        [ -n "$value" ] || wrong "$option needs a value."
        if [ "$option" = --dir ]; then folder=$value; else wanted=${value#v}; fi
        [ "$1" != "$option" ] || shift
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
    # As in --dir=~/bin, which shells leave as it is.
    "~"/*) folder=${HOME:?}/${folder#??} ;;
    *) folder=$(pwd)/$folder ;;
  esac
  [ "$folder" = / ] || folder=${folder%/}
  case $wanted in
    *[!0-9A-Za-z.-]*) wrong "A version is written as 1.2.3." ;;
    '' | [0-9]*.[0-9]*.[0-9]*) ;;
    *) wrong "A version is written as 1.2.3." ;;
  esac
  $action
}

# Each of its words is a line.
say() { printf '%s\n' "$@"; }

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

# Its text as one word of a command, for any shell: fish takes a backslash in quotes for its own.
word() {
  case $1 in
    *[!A-Za-z0-9_@+:,./-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/['\\\\]/'\\\\&'/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}

has() { command -v "$1" >/dev/null 2>&1; }

install() {
  for program in uname sed awk grep tr tar gzip mktemp date wc; do
    has $program || fail "$program is missing. Install it first."
  done
  platform=
  detect
  # One that is there and doesn't start says nothing of a signature.
  if openssl version >/dev/null 2>&1; then
    verifier=openssl
  elif minisign -v >/dev/null 2>&1; then
    verifier=minisign
  else
    fail "The signature can't be checked: neither openssl nor minisign runs here." \
      "Nothing was downloaded. Install one of them first; it takes no more than that."
  fi
  has sha256sum || has shasum || [ $verifier = openssl ] ||
    fail "No sum can be computed: neither sha256sum, shasum nor openssl is here." "Install one of them first."
  has curl || has wget || fail "Neither curl nor wget is here. Install one of them first."
  ours_or_nothing
  umask 022
  # Where the program will lie: there must be room for it there, and programs must be allowed to run.
  mkdir -p "$folder" 2>/dev/null && folder=$(cd "$folder" && pwd) && work=$(mktemp -d "$folder/.auth-install.XXXXXX") ||
    fail "$folder can't be written." "Name another folder: --dir <folder>"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP QUIT PIPE

  from=$url${wanted:+/$wanted}
  get manifest.json 1000000
  check_signature
  read_manifest
  compare
  room
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
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc 2\.\([0-9]*\).*/\1/p') || glibc=
  # Alpine's gcompat lays a loader of its own where glibc's would be: where both are, glibc has to say so.
  if [ -e $loader ] && { [ ! -e $musl ] || [ -n "$glibc" ] || $loader --version 2>&1 </dev/null | grep -qi 'glibc\|gnu libc'; }; then
    platform=linux-$cpu
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
  (
    # Whoever answers can't fill the disk. In blocks of 512 bytes (bash: 1024); without signal 25, the
    # file size limit's, writing more fails in words.
    trap '' 25
    ulimit -f $(($2 / 512 + 1))
    download "$from/$1" "$work/$1" "$2"
  ) 2>"$work/said" && return
  said=$(cat "$work/said")
  if [ -e "$work/$1" ] && [ "$(wc -c <"$work/$1")" -gt "$2" ]; then untrusted "$from/$1 has more than $2 bytes."; fi
  case $said in
    *'error: 404'* | *'ERROR 404'* | *' 404 '*)
      [ -z "$wanted" ] || fail "There is no auth $wanted at $url: $1 is missing." "Nothing was installed."
      fail "$from/$1 is not there." "Nothing was installed."
      ;;
    *'Failure writing'* | *'Cannot write'* | *'No space left'* | *'write error'*) fail "$folder can't be written:" "$said" "Nothing was installed." ;;
  esac
  fail "$from/$1 could not be downloaded:" "$said" \
    "Check that this machine is online, and HTTPS_PROXY if it is behind a proxy. Nothing was installed."
}

# download <address> <file> <bytes it may have>. A server that sends nothing, or next to nothing, isn't waited for.
download() {
  if has curl; then
    # A ~/.curlrc is read, for its proxy; what it may include in the file is left out.
    curl -fsSL --no-include --proto "$protocols" --retry 2 --retry-max-time 60 --connect-timeout 30 \
      --speed-limit 1000 --speed-time 30 -o "$2" "$1"
  else
    # It knows the variable in lower case alone.
    if [ -n "${HTTPS_PROXY:-}" ]; then export https_proxy="${https_proxy:-$HTTPS_PROXY}"; fi
    if [ -n "${NO_PROXY:-}" ]; then export no_proxy="${no_proxy:-$NO_PROXY}"; fi
    # shellcheck disable=SC2046
    $(limit "$3") wget $(patience) -O "$2" "$1"
  fi
}

# wget has no limit for all of it. A minute, and one more for each megabyte.
limit() {
  if timeout 9 true 2>/dev/null; then printf 'timeout %s' $((60 + $1 / 17000)); fi
}

# M: the wget of Debian's static busybox (1.35) crashes where it is given a timeout.
patience() {
  if wget --version 2>/dev/null | grep 'GNU Wget' >/dev/null; then printf '%s' '-nv --tries=3 --timeout=30'; else printf '%s' -q; fi
}

# --- trust ----------------------------------------------------------------------------------------------------------

untrusted() { fail "$1" "Nothing was installed. Report this to the publisher of auth."; }

check_signature() {
  read -r first <"$work/manifest.json" || first=
  case $first in
    '{'*) ;;
    *) fail "What came from $from/manifest.json is no release: perhaps a page of this network, which wants a login." \
      "Nothing was installed." ;;
  esac
  if [ $verifier = openssl ]; then
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

# older <version> <version>
older() {
  case $(order "$1" "$2") in
    -1) return 0 ;;
    0 | 1) return 1 ;;
  esac
  fail "$1 and $2 can't be compared."
}

# Semantic Versioning 2.0, §11.
order() {
  awk -v one="$1" -v other="$2" '
    function numbers(version) { sub(/-.*/, "", version); return version }
    function before(version) { return index(version, "-") ? substr(version, index(version, "-") + 1) : "" }
    function compare(a, b) { return a < b ? -1 : a > b }
    function order(one, other,   a, b, i, m, n, result) {
      split(numbers(one), a, "."); split(numbers(other), b, ".")
      for (i = 1; i <= 3; i++) if ((result = compare(a[i] + 0, b[i] + 0))) return result
      one = before(one); other = before(other)
      if (one == "" || other == "") return compare(one == "", other == "")
      n = split(one, a, "."); m = split(other, b, ".")
      for (i = 1; i <= n && i <= m; i++) {
        if (a[i] ~ /^[0-9]+$/ && b[i] ~ /^[0-9]+$/) result = compare(a[i] + 0, b[i] + 0)
        else if (a[i] ~ /^[0-9]+$/ || b[i] ~ /^[0-9]+$/) result = a[i] ~ /^[0-9]+$/ ? -1 : 1
        else result = compare(a[i] "", b[i] "")
        if (result) return result
      }
      return compare(n, m)
    }
    BEGIN { print order(one, other) }'
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
  else
    openssl dgst -sha256 -r "$1"
  fi | sed 's/^\\\{0,1\}\([0-9a-f]*\).*/\1/'
}

# --- what is there already --------------------------------------------------------------------------------------------

# By its bytes, so that nothing is run. A variable that the program reads: other programs don't name it.
is_auth() { [ -f "$1" ] && [ ! -L "$1" ] && grep -q AUTH_KEY_COMMAND "$1"; }

# Nobody else's program is overwritten or removed.
ours_or_nothing() {
  place=$folder/auth
  if [ -L "$place" ]; then
    fail "$place is a link, made by another installer (npm, for instance) or by you." \
      "Remove it with what made it, or name another folder: --dir <folder>"
  fi
  [ -e "$place" ] || return 0
  if grep -qxF "$place" /var/lib/dpkg/info/auth.list 2>/dev/null; then
    fail "$place belongs to dpkg." "Remove it first: sudo apt-get remove auth"
  fi
  is_auth "$place" || fail "$place is there, and is another program, or a damaged one." \
    "If you don't need it, remove it: rm $(word "$place")" "Or name another folder: --dir <folder>"
  [ -O "$place" ] || fail "$place belongs to another user." "Name another folder: --dir <folder>"
}

# Sets what is installed now: nothing, or the version of a program that runs.
compare() {
  there=
  [ -e "$folder/auth" ] || return 0
  if [ "$(sum_of "$folder/auth")" = "$binary_sum" ]; then
    say "auth $version is there already: $folder/auth"
    exit 0
  fi
  there=$("$folder/auth" --version 2>/dev/null </dev/null | sed -n 's/^auth \([0-9][0-9A-Za-z.-]*\)$/\1/p') || there=
  if [ -z "$wanted" ] && [ -n "$there" ] && older "$version" "$there"; then
    fail "$folder/auth is auth $there, which is newer than what is offered as the newest release ($version)." \
      "Nothing was installed. To take the older one all the same: --version $version"
  fi
}

room() {
  free=$(df -Pk "$folder" 2>/dev/null | sed -n '2s/.* \([0-9][0-9]*\)  *[0-9]*% .*/\1/p') || free=
  needed=$(((archive_size + binary_size) / 1024 + 1024))
  [ -z "$free" ] || [ "$free" -ge $needed ] ||
    fail "There is no room in $folder: $((needed / 1024 + 1)) MB are needed, $((free / 1024)) MB are free." "Nothing was installed."
}

# --- unpack and put in place ----------------------------------------------------------------------------------------

# Its sum was right: what fails here is this machine's fault.
not_unpacked() { fail "$archive can't be unpacked here:" "$(cat "$work/said")" "Nothing was installed."; }

unpack() {
  inside=auth-$version-$platform
  tar -tzf "$work/$archive" >"$work/names" 2>"$work/said" || not_unpacked
  tar -tvzf "$work/$archive" >"$work/kinds" 2>"$work/said" || not_unpacked
  if grep -v "^$inside/" "$work/names" >/dev/null || grep '\.\.' "$work/names" >/dev/null; then
    untrusted "$archive holds a file outside of its folder."
  fi
  if grep -v '^[-d]' "$work/kinds" >/dev/null; then untrusted "$archive holds a link or a device."; fi
  grep -qx "$inside/auth" "$work/names" || untrusted "$archive doesn't hold the program."
  # Ours, whoever packed it: root would give it to that user.
  tar -x -o -z -f "$work/$archive" -C "$work" "$inside/auth" 2>"$work/said" || not_unpacked
  fresh=$work/$inside/auth
  check_file "$fresh" "$binary_size" "$binary_sum" "The program in $archive"
  chmod 755 "$fresh"
}

place() {
  if ! said=$("$fresh" --version 2>&1 </dev/null); then
    [ ! -e /etc/NIXOS ] || fail "auth doesn't run here as it is." "On NixOS use the release's auth.nix. Nothing was installed."
    fail "auth doesn't run on this machine:" "$said" "Nothing was installed."
  fi
  [ "$said" = "auth $version" ] || untrusted "The program says that it is: $said"
  if [ -n "$there" ]; then
    ln "$folder/auth" "$work/previous" 2>/dev/null || cp -p "$folder/auth" "$work/previous"
  fi
  mv -f "$fresh" "$folder/auth" || fail "$folder/auth can't be replaced: see above."
  if [ -n "$there" ] && [ ! -d "$folder/auth.previous" ]; then mv -f "$work/previous" "$folder/auth.previous"; fi
  say "Installed auth $version: $folder/auth"
  if [ -n "$there" ]; then say "In the place of auth $there. To go back: auth upgrade --rollback"; fi
  first=$(command -v auth) || first=
  case :${PATH:-}: in
    *:"$folder":* | *:"$folder"/:*)
      case $first in
        '' | "$folder/auth" | "$folder//auth") say "Begin with: auth login" ;;
        *) shadowed ;;
      esac
      ;;
    *)
      tell_path
      [ -z "$first" ] || shadowed
      ;;
  esac
}

shadowed() { say "Another auth comes first on your PATH: $first. Begin with: $(word "$folder/auth") login"; }

tell_path() {
  say "$folder is not on your PATH yet. For this shell, and for new ones:"
  line="export PATH=$(word "$folder"):\"\$PATH\""
  case ${SHELL:-sh} in
    */fish)
      say "  fish_add_path $(word "$folder")"
      return
      ;;
    */zsh) profile='~/.zshrc' ;;
    # A terminal of macOS starts a login shell.
    */bash) if [ "$system" = Darwin ]; then profile='~/.bash_profile'; else profile='~/.bashrc'; fi ;;
    *) profile='~/.profile' ;;
  esac
  say "  $line" "  printf '%s\n' $(word "$line") >> $profile"
}

uninstall() {
  ours_or_nothing
  [ -e "$folder/auth" ] || is_auth "$folder/auth.previous" ||
    fail "There is no $folder/auth." "Elsewhere? Say where: --uninstall --dir <folder>"
  rm -f "$folder/auth" || fail "$folder/auth can't be removed."
  if is_auth "$folder/auth.previous"; then rm -f "$folder/auth.previous"; fi
  # What an upgrade or installation left that was killed.
  hex='[0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
  rm -rf "$folder"/.auth-install.?????? "$folder"/.auth-$hex$hex$hex "$folder/.auth-upgrade.lock"
  say "Removed $folder/auth. Your logins stay where they were, sealed."
  say "To end them too, install it again, then: auth logout --all --yes"
}

# The last line: a script that was cut off on its way runs nothing.
main "$@"
