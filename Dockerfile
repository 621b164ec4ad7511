# Build the wheel and its dependencies apart, so that the image holds no compiler.
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/studiohand \
 && /opt/studiohand/bin/pip install --no-cache-dir -c constraints.txt '.[postgres]' \
 && cp -r assets /opt/studiohand/assets

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 studiohand \
 && mkdir /data /bounces && chown studiohand /data /bounces
COPY --from=build /opt/studiohand /opt/studiohand
ENV PATH=/opt/studiohand/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/data/.matplotlib \
    STUDIOHAND_IN_CONTAINER=1 \
    STUDIOHAND_ASSETS=/opt/studiohand/assets \
    STUDIOHAND_DATA_DIR=/data \
    STUDIOHAND_FOLDERS=/bounces \
    STUDIOHAND_LOG_FORMAT=json
USER studiohand
VOLUME ["/data"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/readyz', timeout=4)"]
ENTRYPOINT ["studiohand"]
CMD ["run"]
