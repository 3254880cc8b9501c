# Completion of auth for bash, 3.2 or newer: eval "$(auth completion bash)"

_auth_completion() {
  # bash ends words at ":" and "=", too: they are put together again as they stand in the line.
  local line=${COMP_LINE:0:COMP_POINT} words word gap i
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=${line%%[![:space:]]*}
    line=${line#"$gap"}
    word=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$line
    line=${line#"$word"}
    word=${word//[\"\'\\]/}
    if ((i > 0)) && [[ -z $gap ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done

  local current=${words[${#words[@]} - 1]} part answer
  answer=$(command auth __complete $((${#words[@]} - 1)) "${words[@]:1}" 2>/dev/null)

  # bash replaces what follows the last ":" or "=" alone.
  part=$current
  [[ $COMP_WORDBREAKS == *:* ]] && part=${part##*:}
  [[ $COMP_WORDBREAKS == *=* ]] && part=${part##*=}
  local also=${answer%%$'\n'*} skip=$((${#current} - ${#part})) value _
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    [[ -n $value && $value != "$also" ]] && COMPREPLY+=("${value:skip}")
  done <<<"$answer"

  case $also in
    files) _auth_files "$part" ;;
    command*) _auth_other_command ;;
    *) [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]] && _auth_option nospace ;;
  esac
  return 0
}

# bash 3.2 has no compopt.
_auth_option() {
  type -t compopt >/dev/null && compopt -o "$1"
}

_auth_files() {
  local name
  _auth_option default && return
  while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$1")
}

# What follows "--" is completed as if it stood alone.
_auth_other_command() {
  local at name
  for ((at = 1; at < COMP_CWORD; at++)); do [[ ${COMP_WORDS[at]} == -- ]] && break; done
  ((at++))
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "$at"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$at"
  elif ((COMP_CWORD == at)); then
    while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
  else
    _auth_files "${COMP_WORDS[COMP_CWORD]}"
  fi
}

complete -F _auth_completion auth
