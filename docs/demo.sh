#!/usr/bin/env bash
# The main job, start to end, on this machine: outspool-sink plays the relay, the daemon runs on
# the repository's own spool and etc, jobs come in three ways and end in three ways.
# Exits non-zero if any of it does not happen. KEEP=1 leaves the spool and the mail to look at.
#   docs/demo.sh .build/release
set -euo pipefail
bin=$(cd "${1:?usage: $0 DIRECTORY-OF-THE-PROGRAMS}" && pwd)
cd "$(dirname "$0")/.."
spool=spool
mail=$(mktemp -d)
sink= daemon=

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m'; else bold= dim= off=; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$off"; }
run() { printf '%s$ %s%s\n' "$dim" "$*" "$off"; eval "$*"; }
fail() { printf 'demo: %s\n' "$*" >&2; tail -n 20 "$mail/daemon.log" "$mail/sink.log" >&2 || true; exit 1; }

clean() {
    for pid in $daemon $sink; do kill "$pid" 2>/dev/null || true; done
    for pid in $daemon $sink; do wait "$pid" 2>/dev/null || true; done
    if [ -n "${KEEP:-}" ]; then
        printf '\nkept: the queue in %s, the mail and the logs in %s\n' "$spool" "$mail"
    else
        find "$spool" -mindepth 1 ! -name README.md -delete
        rm -rf "$mail"
    fi
}
trap clean EXIT

# Waits up to ten seconds until a command succeeds.
until_true() {
    for _ in $(seq 200); do if "$@" 2>/dev/null; then return 0; fi; sleep 0.05; done
    return 1
}
in_state() { compgen -G "$spool/$1/$2" >/dev/null; }
captured() { grep -lqsE "^(X-Original-To|Delivered-To): .*$1" "$mail"/Maildir/new/*; }

say "A spool, a relay that captures mail, and the daemon"
run "$(printf '%q' "$bin")/outspool init $spool"
"$bin/outspool-sink" --listen 127.0.0.1:2525 --maildir "$mail/Maildir" \
    --fail 'rcpt(grey@example.com)=451 4.7.1 Greylisted, try again later:1' \
    --fail 'rcpt(nobody@example.com)=550 5.1.1 No such user here' >"$mail/sink.log" 2>&1 &
sink=$!
until_true grep -q listening "$mail/sink.log" || fail "outspool-sink does not listen on port 2525"
chmod go-w etc/outspool.conf
OUTSPOOL_AS_ROOT=yes "$bin/outspoold" --config etc/outspool.conf 2>"$mail/daemon.log" &
daemon=$!
until_true grep -q ': ready' "$mail/daemon.log" || fail "the daemon does not start"
export OUTSPOOL_SPOOL=$spool PATH="$bin:$PATH"

say "1. Submitted by the command, and delivered"
first=$(outspool submit order-shipped --to 'Zoë Müller <zoe@example.com>' --params etc/templates/order-shipped/sample.json)
printf '%s$ outspool submit order-shipped --to "Zoë Müller <zoe@example.com>" --params etc/templates/order-shipped/sample.json%s\n%s\n' "$dim" "$off" "$first"
until_true in_state 'done/*' "$first" || fail "$first was not delivered"
run "ls $spool/done/*"
run "cat $spool/done/*/$first"
captured zoe@example.com || fail "the mail to Zoë was not captured"
run "sed '/^\r*\$/q' $mail/Maildir/new/*"

say "2. Submitted by an application through the Swift client"
run "example-shop | tee $mail/shop.id"
until_true in_state 'done/*' "$(cat "$mail/shop.id")" || fail "the Swift client's job was not delivered"

say "3. Submitted with printf and mv, by any process: greylisted, then delivered from its retry bucket"
run "printf '{\"template\":\"hello\",\"to\":\"grey@example.com\",\"params\":{\"name\":\"Grey\"}}\\n' > $spool/tmp/x"
run "sync $spool/tmp/x && mv -n $spool/tmp/x $spool/new/greylisted-1 && sync $spool/new"
until_true in_state retry/01-30s greylisted-1 || fail "greylisted-1 is not in retry/01-30s"
run "ls -l --time-style=full-iso $spool/retry/01-30s | tail -n +2"
run "cat $spool/retry/01-30s/greylisted-1"
printf '%s# it is due in half a minute; or now:%s\n' "$dim" "$off"
run "touch $spool/retry/01-30s/greylisted-1"
until_true in_state 'done/*' greylisted-1 || fail "greylisted-1 was not delivered after touch"
run "tail -n 1 $spool/done/*/greylisted-1"

say "4. Refused, and kept as a dead letter"
run "outspool submit hello --to nobody@example.com -p name=Nobody --id refused-1"
until_true in_state dead refused-1 || fail "refused-1 is not in dead/"
run "cat $spool/dead/refused-1"

say "What is there now"
run "outspool ls"
run "ls $mail/Maildir/new | wc -l"
[ "$(ls "$mail/Maildir/new" | wc -l)" -eq 3 ] || fail "three mails should have been captured"
run "tail -n 6 $mail/daemon.log"
say "It works: three mails delivered, one of them from a retry bucket, and one dead letter."
