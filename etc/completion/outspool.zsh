#compdef outspool outspoold outspool-sink
# zsh completion for outspool(1), outspoold(8) and outspool-sink(8).
local -a found described
local line
found=("${(@f)$(@libexecdir@/candidates "${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
case ${found[1]} in
/files) [[ $PREFIX != --*=* ]] || compset -P '*='; _files; return ;;
/directories) [[ $PREFIX != --*=* ]] || compset -P '*='; _files -/; return ;;
esac
for line in $found; do
    # _describe splits at a colon.
    described+=("${${line%%$'\t'*}//:/\\:}${${line#*$'\t'}:+:${${(M)line:#*$'\t'*}#*$'\t'}}")
done
_describe -V outspool described
