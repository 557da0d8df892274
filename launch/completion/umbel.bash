# Completion of umbel for bash. It asks the program (`umbel complete WORD...`), so it knows what that knows.
# `make install` puts it where bash-completion looks; without that: source launch/completion/umbel.bash

# _umbel_files BEGUN [ENDING]...: files with one of the endings, or any if none is given, and folders
_umbel_files() {
    local begun=$1 name ending
    shift
    [ $# -gt 0 ] || set -- ""
    while IFS= read -r name; do
        if [ -d "$name" ]; then
            COMPREPLY+=("$name")
            continue
        fi
        for ending; do [[ $name == *"$ending" ]] && COMPREPLY+=("$name") && break; done
    done < <(compgen -f -- "$begun")
    compopt -o filenames 2>/dev/null # outside a completion there is no such option
}

# $2 is what will be replaced: the word up to the cursor, from its last = or : on, where bash cuts words.
_umbel() {
    local words=() word line whole=no i program=${COMP_WORDS[0]/#\~/$HOME} begun=$2
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $i -lt $COMP_CWORD || $word =~ ^[=:]+$ ]] || word=$begun
        if [[ $i -gt 1 && ($word =~ ^[=:]+$ || $whole == no) && ${#words[@]} -gt 0 ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        [[ $word =~ ^[=:]+$ ]] && whole=no || whole=yes
    done
    local before=${words[-1]%"$begun"}
    COMPREPLY=()
    while IFS= read -r line; do
        # shellcheck disable=SC2086
        case $line in
        :files*) _umbel_files "$begun" ${line#:files} ;;
        :folders)
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$begun")
            compopt -o filenames 2>/dev/null
            ;;
        *)
            word=${line%%$'\t'*}
            COMPREPLY+=("${word#"$before"}")
            ;;
        esac
    done < <("$program" complete "${words[@]}" 2>/dev/null)
    # A value follows.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -F _umbel umbel
