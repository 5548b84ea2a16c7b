#!/bin/bash
cd src
export PORT=${PORT:-8200}
exec gosu app uvicorn web.main:app --host 0.0.0.0 --port "$PORT" --root-path /shop --proxy-headers
