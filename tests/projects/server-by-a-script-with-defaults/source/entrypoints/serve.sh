#!/usr/bin/env bash
set -e

DEFAULT_MODULE_NAME=src.main
MODULE_NAME=${MODULE_NAME:-$DEFAULT_MODULE_NAME}
VARIABLE_NAME=${VARIABLE_NAME:-app}
export APP_MODULE=${APP_MODULE:-"$MODULE_NAME:$VARIABLE_NAME"}
export WORKER_CLASS=${WORKER_CLASS:-"uvicorn.workers.UvicornWorker"}

gunicorn --forwarded-allow-ips "*" -k "$WORKER_CLASS" -w 3 -b 0.0.0.0:8080 "$APP_MODULE"
