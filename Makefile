# Everything a person does with this repository; `make help` lists it.
#
# Only git, make and a Swift 6.3 toolchain are expected. The packages below are installed from Debian when
# that may be done, and named when it may not.

LIBRARIES = librocksdb-dev libjemalloc-dev zlib1g-dev libzstd-dev libsnappy-dev libsqlite3-dev gnuplot-nox
# Only tests need these: clients and decoders of other hands, and the broker that the benchmark runs beside ours.
CLIENTS   = mosquitto mosquitto-clients python3 python3-venv tshark tcpdump
PYTHON    = paho-mqtt==2.1.0 gmqtt==0.7.0
CAPTURE   = Profiles/captures/fleet-60.pcap.gz
STUDY     = Reports/quick-$(shell date +%Y%m%d-%H%M%S)

# Installs what is missing of its arguments: as root, else with sudo, else says what to do.
define require
@missing=; for package in $(1); do \
  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$package"; \
done; \
test -z "$$missing" && exit 0; \
command -v apt-get >/dev/null || { echo "missing:$$missing; install these libraries and run make again" >&2; exit 3; }; \
as=; test "$$(id -u)" = 0 || as="sudo"; \
test -z "$$as" || sudo -v 2>/dev/null || { echo "missing:$$missing; as root: apt-get install$$missing" >&2; exit 3; }; \
echo "installing$$missing"; \
$$as env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends$$missing" >/dev/null \
  || { echo "could not install$$missing; as root: apt-get install$$missing" >&2; exit 3; }
endef

.DEFAULT_GOAL := help
.PHONY: help sweep build test nightly bench bench-broker docs format install toolchain clients

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

sweep: build ## Run a quick study of the bundled capture and say where its report is (STUDY=folder, CAPTURE=file)
	@.build/release/dstune sweep $(CAPTURE) --quick --study $(STUDY) --emqx 5.8 --edition ce

build: install ## Install what is missing and build the release executable, .build/release/dstune
	swift build -c release --product dstune

# The server's tests run by themselves: clients there give up after seconds, which a server cannot keep while
# hundreds of other tests block the few threads of concurrent code.
test: install clients ## Install what is missing and run every test
	swift test --skip '^ServerTests\.'
	swift test --skip-build --filter '^ServerTests\.'

nightly: install ## The crash and fault suites with 200 kills (DSTUNE_CRASH_SEED=seed repeats them) and 200,000 mutated packet streams, optimised
	DSTUNE_CRASH_ROUNDS=200 DSTUNE_MUTATIONS=200000 swift test -c release \
	  --filter '^StorageTests\.(Fault|PowerLoss|Recovery|Raft)|^BrokerTests\.(Kill|Mutation)|^EndToEndTests\.ServeKill'

bench: build .build/mqttload ## The in-process path beside a raw RocksDB loop, then the broker beside mosquitto
	$(call require,mosquitto python3)
	@.build/release/dstune bench
	@python3 Tests/LoadGenerator/compare.py $(BENCH)

bench-broker: build .build/mqttload ## The broker beside mosquitto alone (BENCH=--kills 5, --window 5, --json …)
	$(call require,mosquitto python3)
	@python3 Tests/LoadGenerator/compare.py $(BENCH)

.build/mqttload: $(wildcard Tests/LoadGenerator/*.c Tests/LoadGenerator/*.h)
	@mkdir -p .build
	clang -std=c11 -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

docs: install ## The documentation of storage and of the broker, as web pages in .build/docs and .build/docs-broker
	swift package --allow-writing-to-directory .build/docs generate-documentation --target Storage \
	  --output-path .build/docs --transform-for-static-hosting --warnings-as-errors
	swift package --allow-writing-to-directory .build/docs-broker generate-documentation --target Broker \
	  --output-path .build/docs-broker --transform-for-static-hosting --warnings-as-errors

format: ## Rewrite the sources in the project's format
	swift format --in-place --recursive Package.swift Sources Tests

# Python clients in an environment of their own; made anew when the list changes.
# What cannot be installed is no reason to run no tests: those that need it are skipped, but never in CI.
clients: .build/clients/.installed

.build/clients/.installed: Makefile
	-$(call require,$(CLIENTS))
	@mkdir -p .build && python3 -m venv .build/clients && .build/clients/bin/pip install -q $(PYTHON) && touch $@ \
	  || { echo "could not make .build/clients with $(PYTHON): tests with Python clients are skipped" >&2; test "$(CI)" != true; }

install: toolchain
	$(call require,$(LIBRARIES))

toolchain:
	@swift --version 2>/dev/null | grep -qE 'Swift version (6\.([3-9]|[1-9][0-9])|[7-9]|[1-9][0-9])' || \
	  { echo "dstune needs a Swift 6.3 toolchain on PATH (swift --version); see swift.org/install" >&2; exit 3; }
