#!/bin/sh
printf 'Subject: =?utf-8?q?h=C3=A4llo?=\n\ntext\n' |
    msmtp --host="$1" --port="$2" --from=zoe@example.com --auth=off --tls=off bob@example.org
