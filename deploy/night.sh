#!/bin/sh
# The commands of a night, in order, as of today: `night.sh profile=sales` gives all of them this word. It ends with the exit code of the
# first that does not pass. CLV_PYTHON is the Python of the engine's environment; without it, `python`.
set -eu
trap 'exit 143' TERM # the command that runs gets the signal too, and is waited for
cd "$(dirname "$0")/.."
day=$(date +%F)
for step in check score cluster rank_clusters features monitor report; do
  "${CLV_PYTHON:-python}" -m "entrypoints.$step" as_of="$day" "$@" || {
    code=$?
    echo "clv: $step ended with exit code $code; what comes after it was not begun" >&2
    exit $code
  }
done
