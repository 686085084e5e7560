# syntax=docker/dockerfile:1
# One image for every mode (MODE=local|api|worker|beat|relay); see docker/entrypoint.sh.

FROM python:3.12-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
# Every package is the one whose hash was committed, or the build fails.
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/requirements.txt

FROM python:3.12-slim AS static
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Needs no engine and no secret: ENV=local has defaults for both.
RUN ENV=local python manage.py collectstatic --noinput

FROM python:3.12-slim AS image
# Optimized: without the points at which proofs make the house fail.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONOPTIMIZE=1 \
    ENV=production \
    MODE=local \
    PORT=8000 \
    PERENNIAL_HOME=/var/lib/perennial \
    DOCUMENT_ROOT=/var/lib/perennial/documents
RUN useradd --system --uid 10001 --create-home --home-dir /home/perennial perennial \
    && install --directory --owner perennial --group perennial --mode 0700 \
       /var/lib/perennial /var/lib/perennial/documents
COPY --from=packages /opt/venv /opt/venv
# Owned by root: what runs cannot rewrite its own code.
COPY --from=static /app /app
WORKDIR /app
USER perennial
EXPOSE 8000
# Running jobs and requests may finish (30 s) after SIGTERM.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s --retries=3 CMD ["python", "docker/healthcheck.py"]
ENTRYPOINT ["/app/docker/entrypoint.sh"]
