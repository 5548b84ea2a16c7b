#!/usr/bin/env bash
# As root: gives the directory to rabbitmq and becomes it. The server itself reads RABBITMQ_DEFAULT_USER, _PASS, _VHOST
# and RABBITMQ_NODENAME. The official image stops at the _FILE variables since 3.9, so this one does.
set -euo pipefail
if [[ ${1:-} == rabbitmq* ]] && [ "$(id -u)" = 0 ]; then
  if [ "$1" = rabbitmq-server ]; then
    find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq {} +
  fi
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi
for name in RABBITMQ_DEFAULT_PASS_FILE RABBITMQ_DEFAULT_USER_FILE RABBITMQ_VM_MEMORY_HIGH_WATERMARK; do
  [ -z "${!name:-}" ] || { echo "error: $name is set, and is read no longer: use a configuration file" >&2; exit 1; }
done
[ "$(hostname)" = "$(hostname -s)" ] || export RABBITMQ_USE_LONGNAME=${RABBITMQ_USE_LONGNAME:-true}
export RUNNING_UNDER_SYSTEMD=true # with it, Erlang takes the place of the script, and is process 1
exec "$@"
