# bash completion for outspool(1), outspoold(8), outspool-sink(8), outspool-smtpd(8) and outspool-web(8).
_outspool() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} current skip found breaks=''
    local -a words
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=('')
    current=${words[-1]}
    mapfile -t found < <(@libexecdir@/candidates "${words[@]}" 2>/dev/null)
    COMPREPLY=()
    case ${found[0]-} in
    /files) mapfile -t COMPREPLY < <(compgen -f -- "${current#--*=}"); compopt -o filenames; return ;;
    /directories) mapfile -t COMPREPLY < <(compgen -d -- "${current#--*=}"); compopt -o filenames; return ;;
    esac
    # Readline replaces only what follows the last of COMP_WORDBREAKS, of which ids have some.
    for line in @ = :; do [[ $COMP_WORDBREAKS != *$line* ]] || breaks+=$line; done
    skip=${current%"${current##*[${breaks:-/}]}"}
    for line in "${found[@]%%$'\t'*}"; do
        [[ $line != "$current"* ]] || COMPREPLY+=("${line#"$skip"}")
    done
}
complete -F _outspool outspool outspoold outspool-sink outspool-smtpd outspool-web
