# The suite as an image, for the nightly run inside a cluster: `make image`. It holds what
# `--target=live` needs, and no browser: what is tried in one is then "not proven (not required)".
# A test runs these very steps in an empty folder (tests/test_image.py).

# The index of all platforms, as public repositories noted it from Docker Hub on 2026-10-02.
FROM python:3.12.15-slim-bookworm@sha256:54c85f3c47607a77f32adec749d3c81d1348bf25833671f512b26a9b6d778cb3 AS base
WORKDIR /suite

FROM base AS build
COPY . .
RUN python -m dev.bootstrap
RUN .venv/bin/python -m acceptance.report.html --install --cache environments
# For the record, which would ask git; empty where files differed from the commit.
ARG COMMIT=
RUN echo "$COMMIT" >COMMIT

FROM base
COPY --from=build /suite /suite
# Nobody in particular; a number, so that a cluster can see that it is not root.
USER 65532:65532
# Only reports/ and /tmp have to be writable.
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ACCEPTANCE_CACHE=/suite/environments
ENTRYPOINT [".venv/bin/python", "-m", "pytest", "-p", "no:cacheprovider"]
CMD ["--target=live"]
