# vatspolicy with its page, its API and signed bundles:
#
#   docker build --tag vatspolicy .
#   docker run --rm --volume "$PWD:/work" vatspolicy check specs/product.yaml
FROM python:3.13-slim AS build
ARG VATSPOLICY_BUILD_REPOSITORY=""
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --disable-pip-version-check --wheel-dir /wheels '.[calendar,serve,sign]'

FROM python:3.13-slim
# The wheels are those of the stage above.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --disable-pip-version-check --no-index --find-links /wheels 'vatspolicy[calendar,serve,sign]'
# No home and no rights: the law and its compiled form are part of the package.
USER 65534:65534
WORKDIR /work
ENTRYPOINT ["vatspolicy"]
CMD ["--help"]
