# make demo       build, and serve a built-in catalogue: no key, no network needed
# make run        build, and serve what upstream has
# make build      the release build, .build/release/larder
# make test       all tests: Swift, then the Python SDKs against the release build
# make test-page  the page /_larder/ in a headless Chromium, which it installs
# make test-http  docs/openapi.json against the release build, with requests made up from it; a minute
# make check      format, layers, imports; warnings are errors
# make check-deep every test under the thread and the address sanitizer, many kills and damaged files, the fuzzers, a
#                 short soak; takes a while
# make fuzz       each fuzzer for a minute
# make soak       ten minutes at full speed before an upstream that fails in every way, each answer checked
# make bench      times, beside nginx, HAProxy, Varnish and a bare C server, which it installs; a quarter of an hour
# make counts     instructions, allocations and system calls per request, against what is committed
# make ship       a release build that needs no Swift on the machine it runs on, .build/ship/release/larder
# make install    that build, units for systemd, completions, settings: under PREFIX (/usr/local), in DESTDIR
# make uninstall  take it away again; settings and state stay
# make deb        a Debian package of it, in .build/ship
# make test-debian13 the Swift tests with the libraries of Debian 13; as root
# make test-deploy  install it into a real systemd and a real container, and break it there; as root
# make clean      forget every build
#
# Each of them first runs scripts/setup, which installs what is missing.

BUILD := swift build --explicit-target-dependency-import-check error
# Neither a test nor a tool may hang for ever.
LIMIT := timeout -k 10 1200

# Swift's own library is linked in. It has a folder of its own, as every other build links that library dynamically.
SHIP := .build/ship/release/larder

.PHONY: help demo run build test test-page test-http check check-deep fuzz soak bench counts ship install uninstall deb \
	test-deploy test-debian13 clean setup test-build

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

test-page: build
	scripts/test-page

test-http: build
	scripts/test-http

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
	$(BUILD) -c release --product larder --static-swift-stdlib --scratch-path .build/ship

# Whoever installs is often root and has no Swift: what `make ship` has built is taken as it is.
$(SHIP):
	$(MAKE) --no-print-directory ship

install: $(SHIP)
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install

uninstall:
	DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install --uninstall

deb: ship
	scripts/package-deb

test-debian13: setup
	scripts/setup --deploy
	scripts/test-debian13

test-deploy: ship
	scripts/setup --deploy
	scripts/test-deploy

clean:
	rm -rf .build
