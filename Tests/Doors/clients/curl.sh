#!/bin/sh
printf 'Subject: =?utf-8?q?h=C3=A4llo?=\r\n\r\ntext\r\n' |
    curl --silent --show-error --mail-from zoe@example.com --mail-rcpt bob@example.org --upload-file - "smtp://$1:$2"
