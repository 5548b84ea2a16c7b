#!/usr/bin/env bash
# As root: gives the directories to mysql and becomes it. In an empty /var/lib/mysql: makes the tables, root's password,
# the user and the database, and runs what lies in /docker-entrypoint-initdb.d, with a server that has a socket alone.
set -euo pipefail
. /usr/local/lib/scripts.sh
data=/var/lib/mysql

setting() { # setting NAME: exports NAME, from itself or from the file that NAME_FILE names
  local file=${1}_FILE value=${!1:-}
  if [ -n "${!file:-}" ]; then
    [ -z "$value" ] || { echo "error: both $1 and $file are set" >&2; exit 1; }
    value=$(<"${!file}")
  fi
  export "$1=$value"
  unset "$file"
}
quoted() { local text=${1//\\/\\\\}; printf "'%s'" "${text//\'/\'\'}"; }

case ${1:-} in -*) set -- mysqld "$@" ;; esac
[ "${1:-}" = mysqld ] || exec "$@"

for name in ROOT_HOST DATABASE USER PASSWORD ROOT_PASSWORD; do setting MYSQL_$name; done
if [ "$(id -u)" = 0 ]; then
  find $data /run/mysqld \! -user mysql -exec chown mysql {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
[ -d $data/mysql ] && exec "$@"

if [ -z "$MYSQL_ROOT_PASSWORD${MYSQL_ALLOW_EMPTY_PASSWORD:-}${MYSQL_RANDOM_ROOT_PASSWORD:-}" ]; then
  echo "error: the database is new and root has no password: set MYSQL_ROOT_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD or" \
    "MYSQL_ALLOW_EMPTY_PASSWORD" >&2
  exit 1
fi
[ "$MYSQL_USER" != root ] || { echo "error: MYSQL_USER is root, who is there already" >&2; exit 1; }
[ -z "$MYSQL_USER" ] || [ -n "$MYSQL_PASSWORD" ] || echo "no MYSQL_PASSWORD: MYSQL_USER is not made" >&2
if [ -n "${MYSQL_RANDOM_ROOT_PASSWORD:-}" ]; then
  MYSQL_ROOT_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
  echo "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
fi

/opt/mariadb/bin/mariadb-install-db --basedir=/opt/mariadb --datadir=$data --skip-test-db \
  --auth-root-authentication-method=normal --skip-log-bin >/dev/null
"$@" --skip-networking --skip-log-bin &
server=$!
until mysqladmin --user=root --protocol=socket ping >/dev/null 2>&1; do
  kill -0 $server || exit 1
  sleep 0.2
done

root=$(quoted "$MYSQL_ROOT_PASSWORD") host=$(quoted "${MYSQL_ROOT_HOST:-%}")
user=$(quoted "$MYSQL_USER") database=\`${MYSQL_DATABASE//\`/\`\`}\`
{
  echo "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';" # whom MySQL has not, and who have no password
  [ "$host" = "'localhost'" ] || echo "CREATE USER root@$host IDENTIFIED BY $root;
    GRANT ALL ON *.* TO root@$host WITH GRANT OPTION;"
  [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS $database;"
  if [ -n "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
    echo "CREATE USER $user@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
    [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON ${database//_/\\_}.* TO $user@'%';"
  fi
  echo "ALTER USER root@localhost IDENTIFIED BY $root;"
} | mysql --user=root --protocol=socket

export MYSQL_PWD=$MYSQL_ROOT_PASSWORD
run_scripts mysql --user=root --protocol=socket ${MYSQL_DATABASE:+"$MYSQL_DATABASE"}
unset MYSQL_PWD
kill $server
wait $server
exec "$@"
