# Completion of auth for fish: auth completion fish | source

function __auth_completion
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    # VAR=value auth …
    while set -q before[1]; and string match -qr '^\w+=' -- $before[1]
        set -e before[1]
    end
    set -l at (count $before)
    set -e before[1]
    set -l answer (command auth __complete $at $before "$current" 2>/dev/null)
    set -q answer[1]; or return

    switch $answer[1]
        case files
            set -l flag (string match -r '^--[^=]*=' -- $current)
            for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- $current))
                echo -- "$flag$path"
            end
        case 'command *'
            set -l from (math (string replace 'command ' '' $answer[1]) + 1)
            set -l words (string escape -- $before[$from..]) "$current"
            complete -C (string join ' ' -- $words)
        case '*'
            set -e answer[1]
            printf '%s\n' $answer
    end
end

complete -c auth -f -a '(__auth_completion)'
