#!/bin/sh
# Makes the folder secrets/ with a password of its own for each part. What is there already stays as it is.
# The folder is the owner's alone; its files can be read by the accounts of the containers, which see them one by one.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets
chmod 700 secrets

make() { # file, then the command that prints it
	file=secrets/$1
	shift
	[ -s "$file" ] || "$@" > "$file"
	chmod 444 "$file"
}

[ -e secrets/alert_urls ] || : > secrets/alert_urls # for you to fill
for name in postgres_password admin_password engine_password flask_key webhook_secret store_key store_secret ledger_key; do
	make "$name" openssl rand -hex 32
done
make webhook_encryption_key sh -c "openssl rand -base64 32 | tr '+/' '-_'" # a key of Fernet
make store_accounts.json printf '{"identities": [{"name": "mlflow", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}\n' \
	"$(cat secrets/store_key)" "$(cat secrets/store_secret)"
