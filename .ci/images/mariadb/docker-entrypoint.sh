#!/usr/bin/env bash
# As root: gives the directories to mysql and becomes it. In an empty /var/lib/mysql: makes the tables, root's password,
# the user and the database, and runs what lies in /docker-entrypoint-initdb.d, with a server that has a socket alone.
set -euo pipefail
. /usr/local/lib/scripts.sh
data=/var/lib/mysql

setting() { # setting NAME: exports MARIADB_NAME from itself, MARIADB_NAME_FILE, MYSQL_NAME or MYSQL_NAME_FILE
  local prefix name file value=
  for prefix in MARIADB MYSQL; do
    name=${prefix}_$1 file=${prefix}_${1}_FILE
    [ -n "$value" ] || value=${!name:-}
    if [ -z "$value" ] && [ -n "${!file:-}" ]; then value=$(<"${!file}"); fi
  done
  export "MARIADB_$1=$value"
}
quoted() { local text=${1//\\/\\\\}; printf "'%s'" "${text//\'/\'\'}"; }

case ${1:-} in -*) set -- mariadbd "$@" ;; esac
[ "${1:-}" = mariadbd ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  find $data /run/mysqld \! -user mysql -exec chown mysql {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
[ -d $data/mysql ] && exec "$@"

for name in ROOT_PASSWORD ROOT_HOST RANDOM_ROOT_PASSWORD ALLOW_EMPTY_ROOT_PASSWORD DATABASE USER PASSWORD; do
  setting $name
done
if [ -n "$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
  MARIADB_ROOT_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
  echo "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
fi
if [ -z "$MARIADB_ROOT_PASSWORD$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
  echo "error: the database is new and root has no password: set MARIADB_ROOT_PASSWORD," \
    "MARIADB_RANDOM_ROOT_PASSWORD or MARIADB_ALLOW_EMPTY_ROOT_PASSWORD" >&2
  exit 1
fi

mariadb-install-db --datadir=$data --skip-test-db --auth-root-authentication-method=normal --skip-log-bin >/dev/null
"$@" --skip-networking --skip-log-bin &
server=$!
for _ in $(seq 150); do
  mariadb-admin --user=root --protocol=socket ping >/dev/null 2>&1 && break
  kill -0 $server || exit 1
  sleep 0.2
done

healthcheck=$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
(umask 077; printf '[client]\nuser=healthcheck\npassword=%s\n' "$healthcheck" >$data/.my-healthcheck.cnf)
root=$(quoted "$MARIADB_ROOT_PASSWORD") host=$(quoted "${MARIADB_ROOT_HOST:-%}")
user=$(quoted "$MARIADB_USER") database=\`${MARIADB_DATABASE//\`/\`\`}\`
{
  for place in localhost 127.0.0.1 ::1; do
    echo "CREATE USER healthcheck@'$place' IDENTIFIED BY '$healthcheck';"
  done
  echo "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';" # who have no password
  [ "$host" = "'localhost'" ] || echo "CREATE USER root@$host IDENTIFIED BY $root;
    GRANT ALL ON *.* TO root@$host WITH GRANT OPTION;"
  [ -z "$MARIADB_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS $database;"
  if [ -n "$MARIADB_USER" ]; then
    echo "CREATE USER $user@'%' IDENTIFIED BY $(quoted "$MARIADB_PASSWORD");"
    [ -z "$MARIADB_DATABASE" ] || echo "GRANT ALL ON ${database//_/\\_}.* TO $user@'%';"
  fi
  echo "ALTER USER root@localhost IDENTIFIED BY $root;"
} | mariadb --user=root --protocol=socket

export MYSQL_PWD=$MARIADB_ROOT_PASSWORD
run_scripts mariadb --user=root --protocol=socket ${MARIADB_DATABASE:+"$MARIADB_DATABASE"}
unset MYSQL_PWD
kill $server
wait $server
exec "$@"
