#compdef outspool outspoold outspool-sink outspool-smtpd outspool-web
# zsh completion for outspool(1), outspoold(8), outspool-sink(8), outspool-smtpd(8) and outspool-web(8).
local -a found described
local line word tab=$'\t'
found=("${(@f)$(@libexecdir@/candidates "${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
case ${found[1]} in
/files) [[ $PREFIX != --*=* ]] || compset -P '*='; _files; return ;;
/directories) [[ $PREFIX != --*=* ]] || compset -P '*='; _files -/; return ;;
esac
for line in $found; do
    # _describe splits at a colon.
    word="${${line%%$tab*}//:/\\:}"
    if [[ $line == *$tab* ]]; then
        described+=("$word:${line#*$tab}")
    else
        described+=("$word")
    fi
done
_describe -V outspool described
