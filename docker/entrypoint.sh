#!/bin/sh
# One image, five modes: MODE chooses what runs, a command given to the container replaces it.
set -eu

# Where the web processes of one container count their requests; what stopped ones counted is gone with them.
if [ -n "${PROMETHEUS_MULTIPROC_DIR:-}" ]; then
    rm -rf "$PROMETHEUS_MULTIPROC_DIR" && mkdir -p "$PROMETHEUS_MULTIPROC_DIR"
fi

if [ "$#" -gt 0 ]; then
    exec "$@"
fi

case "${MODE:-local}" in
    local)
        # Everything in one container, engines included: for looking around, never for production.
        HOST="${HOST:-0.0.0.0}" ENV=local exec python -m local run
        ;;
    api)
        exec granian --interface wsgi config.wsgi:application --host 0.0.0.0 --port "${PORT:-8000}" \
            --blocking-threads "${WEB_THREADS:-4}" --workers "${WEB_WORKERS:-2}" \
            --http1-buffer-size 16384 --http1-header-read-timeout 10000
        ;;
    worker)
        exec celery -A config worker --loglevel "${LOG_LEVEL:-info}" --concurrency "${WORKER_CONCURRENCY:-4}"
        ;;
    beat)
        exec celery -A config beat --loglevel "${LOG_LEVEL:-info}"
        ;;
    relay)
        exec python manage.py relay
        ;;
    *)
        echo "MODE=${MODE} is unknown: use local, api, worker, beat or relay." >&2
        exit 64
        ;;
esac
