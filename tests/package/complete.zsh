#!/usr/bin/env zsh
# SPDX-License-Identifier: GPL-2.0-only
# complete.zsh FOLDER LINE: what zsh itself offers for LINE, one a line, with the completion in
# FOLDER. zsh completes on a terminal only, so it gets one; what it would show is taken where
# completions hand it in (compadd).

zmodload zsh/zpty

zpty shell zsh -f -i
read -r -d '' setup <<'INNER'
stty -echo
unsetopt zle_bracketed_paste 2>/dev/null
PROMPT=
compinit -u -d $dump
bindkey '^I' complete-word
offer() {
	# Calls that only sort candidates into arrays show nothing.
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	local -a hits
	builtin compadd -A hits "$@"
	(( $#hits )) && print -rl -- "<${(@)^hits}>"
}
compadd() { offer "$@" }
ended() { print '<end>'; exit }
comppostfuncs=(ended)
print '<ready>'
INNER
# The terminal takes lines up to some length only: from a file.
script=$(mktemp)
folder=${(q)1:A}
print -r -- "fpath=($folder \$fpath); dump=$folder/zcompdump; autoload -Uz compinit; $setup" \
	>$script
zpty -w shell "source $script"
zpty -r shell seen '*<ready>*' || exit 1
zpty -w -n shell "$2"$'\t'
zpty -r shell seen '*<end>*'
rm -f $script
print -r -- "$seen" | tr -d '\r' | sed -n 's/.*<\(.*\)>$/\1/p' | grep -vx -e end -e ready
exit 0
