# One image for web and worker; compose.yaml overrides the command for the worker.
# The index of all platforms: Python 3.11.15 on Debian 13, August 2026.
FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff

RUN useradd --create-home --uid 10001 vector \
    && install --directory --owner vector --group vector /app /var/lib/vector-api /var/lib/vector-api/output \
       /var/lib/vector-api/data /var/lib/vector-api/data/uploads
WORKDIR /app

# Optional packages: `docker compose build --build-arg EXTRAS=` leaves them out, which saves 250 MB.
ARG EXTRAS="parquet s3 vectors"
COPY requirements.lock requirements-parquet.lock requirements-s3.lock requirements-vectors.lock ./
RUN for lock in requirements $(for extra in $EXTRAS; do echo "requirements-$extra"; done); do \
      pip install --no-cache-dir --require-hashes --requirement "$lock.lock" || exit 1; \
    done

COPY app.py gunicorn.conf.py start_dev.py schedules.toml Procfile ./
COPY components components
COPY libraries libraries
COPY workers workers

USER vector
ENV PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=5000 \
    DATA_DIR=/var/lib/vector-api/data \
    OUTPUT_DIR=/var/lib/vector-api/output
EXPOSE 5000
CMD ["python", "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_app()"]
