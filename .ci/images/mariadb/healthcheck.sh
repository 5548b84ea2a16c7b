#!/usr/bin/env bash
# Answers over TCP as the user that the entrypoint made for it. Knows two of the official tests, and no others.
set -euo pipefail
ask() { mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf --skip-ssl --batch --skip-column-names "$@"; }
[ $# -gt 0 ] || { echo "at least one test is needed: --connect, --innodb_initialized" >&2; exit 1; }
for test in "$@"; do
  case $test in
    --connect) ask --host=127.0.0.1 --protocol=tcp --execute='SELECT 1' >/dev/null ;;
    --innodb_initialized)
      found=$(ask --protocol=socket --execute="SELECT support FROM information_schema.engines WHERE engine = 'InnoDB'")
      [ "$found" = DEFAULT ] || [ "$found" = YES ] ;;
    *) echo "healthcheck: unknown test $test" >&2; exit 1 ;;
  esac
done
