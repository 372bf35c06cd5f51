#!/bin/sh
exec swaks --server "$1:$2" --from zoe@example.com --to bob@example.org --header 'Subject: =?utf-8?q?h=C3=A4llo?=' --pipeline
