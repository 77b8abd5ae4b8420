#!/bin/sh
# Puts secrets into the environment of one command and becomes it: `with_secrets.sh NAME=FILE ... -- COMMAND ...`
set -eu
while [ "$1" != -- ]; do
	value=$(cat "$CLV_SECRETS/${1#*=}")
	export "${1%%=*}=$value"
	shift
done
shift
exec "$@"
