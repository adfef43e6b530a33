# An image of Larder with its C libraries and certificates, without Swift and root; 34 MB larger than its base.
#
#   docker build -t larder --build-arg BUILD_COMMIT="$(git rev-parse --short=7 HEAD)" .
#   docker run --rm -p 127.0.0.1:5273:5273 larder

FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/setup scripts/setup
# The base image deletes packages after their installation, which would empty the cache.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && scripts/setup
# What a build leaves is kept outside of the image: the next one fetches and compiles only what has changed.
COPY . .
ARG BUILD_COMMIT=
RUN --mount=type=cache,target=/root/.cache/org.swift.swiftpm,sharing=locked \
    --mount=type=cache,target=/src/.build/ship,sharing=locked \
    swift build -c release --product larder --static-swift-stdlib --scratch-path .build/ship \
    && strip -o /larder .build/ship/release/larder

# Debian 13 has every library that Larder needs, including llhttp and yyjson, with security updates. A binary built with
# Debian 12's libraries runs with these, because their interfaces are the same or newer.
FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libbrotli1 libcurl4t64 libllhttp9.2 libsqlite3-0 libssl3t64 libstdc++6 libuv1t64 libyyjson0 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
    && install -d -m 0700 -o 65532 -g 65532 /var/lib/larder
COPY LICENSE config/larder.toml /usr/share/doc/larder/
COPY --from=build /larder /usr/bin/larder
# The build fails if a library is missing.
RUN ["larder", "--version"]

ARG BUILD_COMMIT=
LABEL org.opencontainers.image.title="Larder" \
    org.opencontainers.image.description="A local caching proxy for OpenRouter's model catalogue" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="0.2.0" \
    org.opencontainers.image.revision="$BUILD_COMMIT" \
    org.opencontainers.image.base.name="docker.io/library/debian:trixie-slim"

# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
# The last good copies. Larder writes nowhere else, so the rest of the file system can be read-only.
ENV STATE_DIRECTORY=/var/lib/larder
VOLUME /var/lib/larder
# All interfaces of the container; the host decides who can reach them.
ENV LARDER_LISTEN=0.0.0.0:5273
EXPOSE 5273
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["larder", "healthcheck"]
ENTRYPOINT ["larder"]
CMD ["serve"]
