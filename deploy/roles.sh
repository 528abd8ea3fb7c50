#!/bin/sh
# Run once by the database's image: the owner, who changes the schema, and the service's own role, who cannot change history.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner `cat /run/secrets/owner_password`
\set app `cat /run/secrets/app_password`
create role libertas login password :'owner';
create role libertas_app login password :'app';
create database libertas owner libertas template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C';
revoke all on database libertas from public;
grant connect, temporary on database libertas to libertas_app;
SQL
