#!/bin/sh
# The first word names the command; the others are its own.
set -eu
command=$1
shift
exec python -m "entrypoints.$command" "$@"
