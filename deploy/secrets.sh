#!/bin/sh
# Makes what docker-compose.yml reads from deploy/secrets: three passwords, and the two addresses made of them. Existing ones stay.
set -eu
cd "$(dirname "$0")/secrets"
chmod 0700 .
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
# Readable in a folder that only its owner can enter: the containers' users have other numbers than we have.
put() { test -e "$1" || { printf '%s' "$2" >"$1"; chmod 0444 "$1"; }; }
put admin_password "$(random)"
put owner_password "$(random)"
put app_password "$(random)"
put migrate_url "postgresql://libertas:$(cat owner_password)@db:5432/libertas"
put database_url "postgresql://libertas_app:$(cat app_password)@db:5432/libertas"
