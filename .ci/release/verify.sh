#!/bin/sh
# Checks a downloaded release of auth, from its files alone. Needs openssl, and sha256sum or shasum; uses minisign as well
# where it is installed. Nothing of the release is run.
#
#   sh verify.sh [folder]     all of a release
#   sh verify.sh <file> …     these files of it, with SHA256SUMS and SHA256SUMS.sig beside them
#
# The keys below came with this file. To be sure of them, compare with those of another place, or get this file from there.
set -eu
LC_ALL=C
export LC_ALL
unset CDPATH TAR_OPTIONS GREP_OPTIONS UNZIP
umask 077

KEYS='@KEYS@'
MINISIGN_KEY='@MINISIGN_KEY@'

fail() {
  printf 'verify.sh: %s\n' "$*" >&2
  exit 1
}

command -v openssl >/dev/null 2>&1 || fail "openssl is needed to check the signatures: install it"
if command -v sha256sum >/dev/null 2>&1; then
  sum() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then
  sum() { shasum -a 256 "$@"; }
else
  fail "sha256sum or shasum is needed to check the sums: install one"
fi

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM
printf '%s\n' "$KEYS" | awk -v folder="$temporary" '/BEGIN/ { n++ } NF { print > (folder "/key." n) }'

# Of a file, by the current key or the next one.
signed() {
  [ -f "$1" ] || fail "$1 is missing"
  [ -f "$1.sig" ] || fail "$1.sig is missing"
  for key in "$temporary"/key.*; do
    if openssl dgst -sha256 -verify "$key" -signature "$1.sig" "$1" >/dev/null 2>&1; then return; fi
  done
  fail "the signature of $1 is wrong: it was changed, or signed by somebody else"
}

if [ $# -gt 0 ] && [ ! -d "$1" ]; then
  for path in "$@"; do
    [ -f "$path" ] || fail "there is no $path"
    place=$(dirname -- "$path")
    name=$(basename -- "$path")
    # npm's packages lie in a folder of their own, there.
    (cd -- "$place" && signed SHA256SUMS)
    wanted=$(awk -v name="$name" '$2 == name || $2 == "npm/" name { print $1 }' "$place/SHA256SUMS")
    [ -n "$wanted" ] || fail "$name is no file of this release"
    got=$(sum <"$path")
    [ "${got%% *}" = "$wanted" ] || fail "$path was changed, or only a part of it came"
    echo "✓ $path"
  done
  exit 0
fi

folder=${1:-$(dirname -- "$0")}
cd -- "$folder" || fail "there is no folder $folder"
for file in manifest.json SHA256SUMS; do
  signed "$file"
  [ -f "$file.minisig" ] || fail "$file.minisig is missing"
  if command -v minisign >/dev/null 2>&1; then
    minisign -Vq -P "$MINISIGN_KEY" -m "$file" >/dev/null 2>&1 || fail "minisign refuses the signature of $file"
  fi
done
echo "✓ signatures"
command -v minisign >/dev/null 2>&1 || echo "  not looked at, for want of minisign: its signatures (those of openssl are right)"

# A field of the manifest's head, which has a line for each.
field() { sed -n "s/^\"$1\":\"\([^\"]*\)\",\$/\1/p" manifest.json; }
[ "$(field product)" = auth ] || fail "this is no release of auth"
version=$(field version)
printf '%s' "$version" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?' || fail "the manifest names no version"
expires=$(field expires)
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
[ "$(printf '%s\n%s\n' "$(field published)" "$now" | sort | head -n 1)" = "$(field published)" ] ||
  fail "this release is of $(field published), and the clock says $now: set the clock"
echo "✓ auth $version of commit $(field commit), published $(field published)"

# Names first: what isn't a plain path inside is never opened.
if grep -Evq '^[0-9a-f]{64}  [A-Za-z0-9._][A-Za-z0-9._/+-]*$' SHA256SUMS || grep -Eq '(^|/| )\.\.(/|$)' SHA256SUMS; then
  fail "SHA256SUMS has a line that is none of ours"
fi
[ -z "$(find . ! -type f ! -type d)" ] || fail "there are links here: $(find . ! -type f ! -type d | head -n 3)"
sed 's/^.\{64\}  //' SHA256SUMS | sort >"$temporary/listed"
find . -type f | sed 's|^\./||' | sort >"$temporary/found"
{
  cat "$temporary/listed"
  for file in manifest.json SHA256SUMS; do printf '%s\n%s\n' "$file.sig" "$file.minisig"; done
  echo SHA256SUMS
} | sort >"$temporary/expected"
# Lines of the second file that the first one lacks.
lacks() { awk 'NR == FNR { there[$0]; next } !($0 in there)' "$1" "$2"; }
missing=$(lacks "$temporary/found" "$temporary/expected")
[ -z "$missing" ] || fail "missing: $missing"
extra=$(lacks "$temporary/expected" "$temporary/found")
[ -z "$extra" ] || fail "not part of the release: $extra"
while read -r wanted file; do
  got=$(sum <"$file")
  [ "${got%% *}" = "$wanted" ] || fail "$file was changed"
done <SHA256SUMS
echo "✓ $(wc -l <"$temporary/listed" | tr -d ' ') files, and no other"

# A field of a file's line; the archive's own come before those of the program in it.
archive_of() { printf '%s\n' "${line%%,\"binary\":*}" | sed "s/.*[{,]\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"; }
program_of() { printf '%s\n' "${line##*,\"binary\":}" | sed "s/.*[{,]\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"; }
grep '^{"platform":' manifest.json >"$temporary/files" || fail "the manifest names no file"
unseen=
while read -r line; do
  platform=$(archive_of platform)
  archive=$(archive_of name)
  place=auth-$version-$platform
  case $archive in "$place.tar.gz" | "$place.zip") ;; *) fail "the manifest names a file that isn't ours: $archive" ;; esac
  grep -Fqx "$(archive_of sha256)  $archive" SHA256SUMS || fail "the manifest and SHA256SUMS differ on $archive"
  case $archive in
    *.tar.gz)
      tar -tzf "$archive" >"$temporary/names" || fail "$archive can't be read"
      [ -z "$(tar -tvzf "$archive" | grep -v '^[-d]')" ] || fail "$archive holds a link"
      ;;
    *.zip)
      if command -v unzip >/dev/null 2>&1; then
        # Length, date, time, name: the columns that Info-ZIP's and busybox's have in common.
        unzip -l "$archive" >"$temporary/list" || fail "$archive can't be read"
        awk '$3 ~ /^[0-9]+:[0-9]+/ { sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +/, ""); print }' "$temporary/list" >"$temporary/names"
      elif command -v bsdtar >/dev/null 2>&1; then
        bsdtar -tf "$archive" >"$temporary/names" || fail "$archive can't be read"
      else
        unseen="$unseen $archive"
        continue
      fi
      ;;
  esac
  if grep -Ev "^$place/" "$temporary/names" >&2 || grep -E '(^|/)\.\.(/|$)|\\' "$temporary/names" >&2; then
    fail "$archive holds a file outside of its folder"
  fi
  program=$(program_of name)
  case $archive in
    *.tar.gz) got=$(tar -xzOf "$archive" "$place/$program" | sum) ;;
    *.zip)
      if command -v unzip >/dev/null 2>&1; then got=$(unzip -p "$archive" "$place/$program" | sum)
      else got=$(bsdtar -xOf "$archive" "$place/$program" | sum); fi
      ;;
  esac
  [ "${got%% *}" = "$(program_of sha256)" ] || fail "the program in $archive isn't the one that the manifest names"
done <"$temporary/files"
echo "✓ $(grep -c . "$temporary/files") archives, each with its program, and nothing outside of its folder"
[ -z "$unseen" ] || echo "  not looked into, for want of unzip or bsdtar (their sums are right):$unseen"
[ "$(printf '%s\n%s\n' "$now" "$expires" | sort | head -n 1)" = "$now" ] && [ "$now" != "$expires" ] ||
  fail "all of it is right, but it expired on $expires, and may hold known faults: get a newer one"
