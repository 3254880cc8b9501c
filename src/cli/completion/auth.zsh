#compdef auth
# Completion of auth for zsh: source <(auth completion zsh), after compinit; or as a file _auth in a folder of fpath

_auth() {
  local answer also line item
  local -a lines whole open
  answer="$(command auth __complete $((CURRENT - 1)) "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"
  lines=("${(@f)answer}")
  also=$lines[1]
  shift lines

  case $also in
    files)
      compset -P '--*='
      _files
      return
      ;;
    command*)
      shift $((${also#command } + 1)) words
      ((CURRENT -= ${also#command } + 1))
      _normal
      return
      ;;
  esac

  for line in $lines; do
    item=${${line%%$'\t'*}//:/\\:}
    [[ -n ${line#*$'\t'} ]] && item+=:${line#*$'\t'}
    if [[ ${line%%$'\t'*} == *[:=] ]]; then open+=($item); else whole+=($item); fi
  done
  _describe -t auth auth whole -- open -S ''
}

if [[ $funcstack[1] == _auth ]]; then _auth "$@"; else compdef _auth auth; fi
