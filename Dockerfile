# An image of Larder: a program, the C libraries it needs, certificates; no Swift, no root; 34 MB more than its base.
#
#   docker build -t larder .
#   docker run --rm -p 127.0.0.1:5273:5273 larder

FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/setup scripts/setup
RUN scripts/setup
# What changes less often goes first: the dependencies are fetched anew only when the manifest changes.
COPY Package.swift ./
RUN swift package --scratch-path .build/ship resolve
COPY . .
RUN swift build -c release --product larder --static-swift-stdlib --scratch-path .build/ship \
    && strip -o /larder .build/ship/release/larder

# Debian 13 has every library that Larder needs, llhttp and yyjson too, and keeps them patched. What was built with
# Debian 12's runs with these: their interfaces are the same or newer.
FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libbrotli1 libcurl4t64 libllhttp9.2 libsqlite3-0 libssl3t64 libstdc++6 libuv1t64 libyyjson0 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
    && install -d -m 0700 -o 65532 -g 65532 /var/lib/larder
COPY LICENSE config/larder.toml /usr/share/doc/larder/
COPY --from=build /larder /usr/bin/larder
# Every library is there, or there is no image.
RUN ["larder", "--version"]

# A number, so that an orchestrator can tell that it is not root.
USER 65532:65532
# Where the last good copies go. It is the only place that is written to: the rest may be read-only.
ENV STATE_DIRECTORY=/var/lib/larder
VOLUME /var/lib/larder
# All interfaces of the container; who may reach them is decided outside.
ENV LARDER_LISTEN=0.0.0.0:5273
EXPOSE 5273
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["larder", "healthcheck"]
ENTRYPOINT ["larder"]
CMD ["serve"]
