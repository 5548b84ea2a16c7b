#!/usr/bin/env bash
# As root: gives the directories to postgres and becomes it. In an empty PGDATA: makes the cluster, its user and its
# database, and runs what lies in /docker-entrypoint-initdb.d, with a server that listens on its socket alone.
set -euo pipefail

setting() { # setting NAME [DEFAULT]: exports NAME, from itself, from the file that NAME_FILE names, or the default
  local file=${1}_FILE value=${!1:-}
  if [ -n "${!file:-}" ]; then
    [ -z "$value" ] || { echo "error: both $1 and $file are set" >&2; exit 1; }
    value=$(<"${!file}")
  fi
  export "$1=${value:-${2:-}}"
  unset "$file"
}

case ${1:-} in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /run/postgresql
  find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres {} +
  chmod 700 "$PGDATA"
  export HOME=/var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

mkdir -p "$PGDATA"
chmod 700 "$PGDATA" 2>/dev/null || true # where it is another's, the server says so itself
[ -s "$PGDATA/PG_VERSION" ] && exec "$@"

setting POSTGRES_PASSWORD
setting POSTGRES_USER postgres
setting POSTGRES_DB "$POSTGRES_USER"
setting POSTGRES_INITDB_ARGS
method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
  echo "error: the database is new and has no superuser password: set POSTGRES_PASSWORD" >&2
  exit 1
fi

if ! whoami >/dev/null 2>&1; then # `--user` with a number that has no name, and initdb asks for the name
  NSS_WRAPPER_PASSWD=$(mktemp) NSS_WRAPPER_GROUP=$(mktemp)
  echo "postgres:x:$(id -u):$(id -g)::$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
  echo "postgres:x:$(id -g):" >"$NSS_WRAPPER_GROUP"
  export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP LD_PRELOAD=libnss_wrapper.so
fi
# shellcheck disable=SC2086 # several arguments in one variable
initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" $POSTGRES_INITDB_ARGS \
  ${POSTGRES_PASSWORD:+--pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")}
echo "host all all all $method" >>"$PGDATA/pg_hba.conf"
unset LD_PRELOAD

export PGPASSWORD=$POSTGRES_PASSWORD
pg_ctl --pgdata="$PGDATA" --wait start -o "$(printf '%q ' "${@:2}" -c listen_addresses=)"
psql=(psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password)
if [ "$POSTGRES_DB" != postgres ]; then
  "${psql[@]}" --dbname postgres --set name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
fi
psql+=(--dbname "$POSTGRES_DB")
for file in /docker-entrypoint-initdb.d/*; do
  case $file in
    *.sh) echo "running $file"; if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
    *.sql) echo "running $file"; "${psql[@]}" --file "$file" ;;
    *.sql.gz) echo "running $file"; gunzip --stdout "$file" | "${psql[@]}" ;;
    *) echo "ignoring $file" ;;
  esac
done
pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
unset PGPASSWORD
exec "$@"
