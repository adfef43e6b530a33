# make demo       build, and serve a built-in catalogue: no key, no network needed
# make run        build, and serve OpenRouter's catalogue
# make build      the release build, .build/release/larder
# make test       all tests: Swift, then the Python SDKs, an HTTP/2 upstream and the rules of HTTP with the release build
# make test-fleet the tests of a fleet with a real engine, and 100,000 hits; some minutes
# make test-clients-all  also test clients that take gigabytes to install (Aider, LiteLLM, Codex, Claude Code and others)
# make test-page  test the page /_larder/ in a headless Chromium, which it installs
# make test-http  check the release build against docs/openapi.json with generated requests; a minute
# make conform    check the release build against the RFCs of HTTP, beside nginx, HAProxy and Varnish, which it installs; 4 minutes
# make check      format, layers, imports; warnings are errors
# make check-deep all tests under the thread and address sanitizers, many kills and damaged files, simulated fleets and weeks,
#                 the fuzzers, a short soak; slow
# make fuzz       run each fuzzer for a minute
# make soak       ten minutes at full speed with an upstream that fails in every way; checks each answer
# make bench      compare times with a bare C server and the nginx, HAProxy and Varnish of this system and of Debian 13, which it
#                 installs; half an hour; as root
# make counts     compare instructions, allocations and system calls per request with the committed numbers
# make ship       a release build that needs no Swift on the target machine, .build/ship/release/larder
# make install    install that build, systemd units, completions and settings under PREFIX (/usr/local), in DESTDIR
# make uninstall  remove it; keeps settings and state
# make deb        build a Debian package of it in .build/ship
# make test-debian13 run the Swift tests with the libraries of Debian 13; as root
# make test-alerts  check the alerts for Prometheus with promtool
# make test-deploy  install it under a real systemd and in a real container, and test failures there; as root
# make clean      delete all builds
#
# Targets that build or test the program first run scripts/setup, which installs missing packages.

BUILD := swift build --explicit-target-dependency-import-check error
# No test or tool may hang forever. SwiftPM ends the tests' process when it gets SIGINT.
LIMIT := timeout -s INT -k 60 3600

# What `larder --version` says; nothing without git.
COMMIT = $(shell git rev-parse --short=7 HEAD 2>/dev/null)

# Swift's runtime is linked statically. This build has its own folder, because all other builds link it dynamically.
SHIP := .build/ship/release/larder

.PHONY: help demo run build test test-fleet test-clients-all test-page test-http conform check check-deep fuzz soak bench counts ship install uninstall deb \
	test-deploy test-alerts test-debian13 clean setup test-build

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed -n '/^make /p'

setup:
	@scripts/setup

build: setup
	$(BUILD) -c release --product larder

test-build: setup
	$(BUILD) --build-tests

demo: build
	.build/release/larder serve --demo

run: build
	.build/release/larder serve

test: test-build build
	scripts/setup --tests
	$(LIMIT) swift test --skip-build
	scripts/test-clients
	scripts/test-http2
	scripts/conform --quick

# Every test of a fleet with a real engine, and 100,000 hits.
test-fleet: test-build build
	scripts/setup --fleet
	LARDER_TEST_FLEET=1 $(LIMIT) swift test --skip-build --filter 'Fleet|Engine|SharedFetch'

test-clients-all: build
	scripts/test-clients --all

test-page: build
	scripts/test-page

test-http: build
	scripts/test-http

conform: build
	scripts/setup --bench
	scripts/conform --server all

check: setup
	swift format lint --strict --parallel --recursive --configuration .swift-format Sources Tests Package.swift
	scripts/check-layers
	scripts/test-check-layers
	$(MAKE) --no-print-directory test-build

check-deep: setup
	scripts/check-deep

fuzz: setup
	scripts/fuzz

soak: build
	scripts/soak

bench: ship
	scripts/setup --bench
	scripts/bench

counts: build
	scripts/setup --counts
	scripts/counts

ship: setup
	BUILD_COMMIT=$(COMMIT) $(BUILD) -c release --product larder --static-swift-stdlib --scratch-path .build/ship

# `make install` often runs as root without Swift, so it uses the finished build of `make ship`.
$(SHIP):
	$(MAKE) --no-print-directory ship

install: $(SHIP)
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install

uninstall:
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install --uninstall

deb: ship
	scripts/package-deb

test-alerts:
	scripts/test-alerts

test-debian13: setup
	scripts/setup --deploy
	scripts/test-debian13

test-deploy: ship
	scripts/setup --deploy
	scripts/test-deploy

clean:
	rm -rf .build
