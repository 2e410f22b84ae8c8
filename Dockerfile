# The image of sentinel. Pin the base by its digest, and let the builder write the list of contents:
#   docker buildx build --sbom=true --provenance=true -t REGISTRY/sentinel:0.1.0 \
#     --build-arg PYTHON_DIGEST="$(docker buildx imagetools inspect python:3.13-slim-bookworm --format '{{.Manifest.Digest}}')" .
ARG PYTHON_DIGEST
FROM python:3.13-slim-bookworm@${PYTHON_DIGEST} AS build
ENV PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY deploy/image/install.sh deploy/image/
COPY sentinel sentinel
RUN ["deploy/image/install.sh", "/opt/sentinel"]

FROM python:3.13-slim-bookworm@${PYTHON_DIGEST}
LABEL org.opencontainers.image.title="sentinel" \
      org.opencontainers.image.description="Monitoring and drift-detection sidecar for model serving" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/sentinel /opt/sentinel
ENV PATH=/opt/sentinel/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# The store and the spool: the one folder that is written to; mount a volume here where the root is read-only.
WORKDIR /var/lib/sentinel
RUN ["chown", "65532:65532", "/var/lib/sentinel"]
VOLUME /var/lib/sentinel
USER 65532:65532
EXPOSE 8081 8443 9108
ENTRYPOINT ["sentinel"]
CMD ["--help"]
