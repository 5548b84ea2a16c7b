#!/usr/bin/env bash
# As root: gives the directories to mongodb and becomes it. In an empty /data/db, if it is given a user: starts the
# server on 127.0.0.1 alone and for everybody, as the official image does, makes the user, and runs what lies in
# /docker-entrypoint-initdb.d. Then the server listens to all, and asks for the password if there is one.
set -euo pipefail

setting() { # setting NAME: exports NAME, from itself or from the file that NAME_FILE names
  local file=${1}_FILE value=${!1:-}
  if [ -n "${!file:-}" ]; then
    [ -z "$value" ] || { echo "error: both $1 and $file are set" >&2; exit 1; }
    value=$(<"${!file}")
  fi
  export "$1=$value"
  unset "$file"
}

case ${1:-} in -*) set -- mongod "$@" ;; esac
if [[ ${1:-} == mongo* ]] && [ "$(id -u)" = 0 ]; then
  [ "$1" != mongod ] || find /data/db /data/configdb \! -user mongodb -exec chown mongodb {} +
  exec setpriv --reuid=mongodb --regid=mongodb --init-groups "$0" "$@"
fi
[ "${1:-}" = mongod ] || exec "$@"

setting MONGO_INITDB_ROOT_USERNAME
setting MONGO_INITDB_ROOT_PASSWORD
name=$MONGO_INITDB_ROOT_USERNAME password=$MONGO_INITDB_ROOT_PASSWORD
if [ -n "$name" ] && [ -n "$password" ]; then
  asks=--auth
elif [ -n "$name$password" ]; then
  echo "error: one of MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD is missing" >&2
  exit 1
fi

if [ -n "${asks:-}" ] && [ -z "$(ls /data/db)" ]; then
  "$@" --bind_ip 127.0.0.1 &
  server=$!
  until (: </dev/tcp/127.0.0.1/27017) 2>/dev/null; do
    kill -0 $server || exit 1
    sleep 0.2
  done
  # The official one does it by the shell, which takes a second and a half.
  python3 -c 'import os, pymongo
name, password = (os.environ[f"MONGO_INITDB_ROOT_{part}"] for part in ("USERNAME", "PASSWORD"))
pymongo.MongoClient("127.0.0.1").admin.command("createUser", name, pwd=password, roles=["root"])'
  export MONGO_INITDB_DATABASE=${MONGO_INITDB_DATABASE:-test}
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) echo "running $file"; . "$file" ;;
      *.js) echo "running $file"; mongosh --quiet "$MONGO_INITDB_DATABASE" "$file" ;;
      *) echo "ignoring $file" ;;
    esac
  done
  kill $server
  wait $server
fi
unset "${!MONGO_INITDB_@}"
case " $* " in *" --bind_ip"*) ;; *) set -- "$@" --bind_ip_all ;; esac
exec "$@" ${asks:+"$asks"}
