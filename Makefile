# Everything a person does with this repository; `make help` lists it.
#
# Only git, make and a Swift 6.3 toolchain are expected. The packages below are installed from Debian when
# that may be done, and named when it may not.

LIBRARIES = librocksdb-dev libjemalloc-dev zlib1g-dev libzstd-dev libsnappy-dev libsqlite3-dev gnuplot-nox
# Only tests need these: clients and decoders of other hands, and the broker that the benchmark runs beside ours.
CLIENTS   = mosquitto mosquitto-clients python3 python3-venv tshark tcpdump
FUZZERS   = Capture Reassembly Codec TLS WebSocket
FUZZ_SECONDS = 60
PYTHON    = paho-mqtt==2.1.0 gmqtt==0.7.0
CAPTURE   = Profiles/captures/fleet-60.pcap.gz
# What decoding is measured with: the recording of a larger fleet, if it is at hand.
RECORDING = $(firstword $(wildcard ../shared/captures/fleet-400.pcap.zst) $(CAPTURE))
# With the runtime inside, where the toolchain has it, the executable starts sooner. Overlapping accesses are looked
# for in debug builds, by every test.
TOOLCHAIN = $(dir $(shell readlink -f "$$(command -v swiftc)"))..
RELEASE   = $(if $(wildcard $(TOOLCHAIN)/lib/swift_static),--static-swift-stdlib) -Xswiftc -enforce-exclusivity=unchecked
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
.PHONY: help sweep build test nightly bench bench-broker bench-record bench-captures fuzz docs format install toolchain clients

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

sweep: build ## Run a quick study of the bundled capture and say where its report is (STUDY=folder, CAPTURE=file)
	@.build/release/dstune sweep $(CAPTURE) --quick --study $(STUDY) --emqx 5.8 --edition ce

build: install ## Install what is missing and build the release executable, .build/release/dstune
	swift build -c release --product dstune $(RELEASE)

# Each of these runs by itself: the server's clients give up after seconds, which a server cannot keep while hundreds
# of other tests block the few threads of concurrent code, decoding would keep the storage tests from their timers, and
# a replay is on time or it is nothing.
test: install clients ## Install what is missing and run every test
	swift test --skip '^(Server|Traffic|Tap|Replay)Tests\.|^TrialTests\.BrokerCrash'
	swift test --skip-build --filter '^(Traffic|Tap)Tests\.'
	swift test --skip-build --filter '^ReplayTests\.'
	swift test --skip-build --filter '^TrialTests\.BrokerCrash'
	swift test --skip-build --filter '^ServerTests\.'

nightly: install ## The crash and fault suites with 200 kills (DSTUNE_CRASH_SEED=seed repeats them) and 200,000 mutated packet streams and captures, optimised
	DSTUNE_CRASH_ROUNDS=200 DSTUNE_MUTATIONS=200000 swift test -c release \
	  --filter '^StorageTests\.(Fault|PowerLoss|Recovery|Raft)|^BrokerTests\.(Kill|Mutation)|^TrafficTests\.Mutation|^EndToEndTests\.ServeKill|^TrialTests\.BrokerCrash'

bench: build .build/mqttload .build/pcapread ## The in-process path beside a raw RocksDB loop, decoding beside tshark and libpcap, then the broker beside mosquitto
	$(call require,mosquitto python3 tshark)
	@.build/release/dstune bench
	@.build/release/dstune bench captures $(RECORDING)
	@python3 Tests/LoadGenerator/compare.py $(BENCH)

bench-captures: build .build/pcapread ## Decoding beside tshark and libpcap, then its memory over 10 GB (RECORDING=file)
	$(call require,tshark)
	@.build/release/dstune bench captures $(RECORDING)
	@.build/release/dstune bench captures $(CAPTURE) --memory 10

bench-record: build .build/mqttload ## What dstune record adds to latency, beside the broker without it (BENCH=--rate 5000, --json …)
	$(call require,mosquitto python3)
	@python3 Tests/LoadGenerator/record.py $(BENCH)

bench-broker: build .build/mqttload ## The broker beside mosquitto alone (BENCH=--kills 5, --window 5, --json …)
	$(call require,mosquitto python3)
	@python3 Tests/LoadGenerator/compare.py $(BENCH)

.build/mqttload: $(wildcard Tests/LoadGenerator/*.c Tests/LoadGenerator/*.h)
	@mkdir -p .build
	clang -std=c11 -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

# Not needed where tcpdump is: then that reads the file.
.build/pcapread: Tests/PcapReader/main.c
	-$(call require,libpcap-dev)
	@mkdir -p .build
	-clang -std=gnu11 -O2 -Wall -Wextra -Werror -o $@ $< -lpcap

# The layers that read what comes from outside, instrumented, in a folder of their own. Swift calls a package
# by the name of its folder, and `package` declarations are seen only under that name.
FUZZ_BUILD   = .build/fuzz
FUZZ_PACKAGE = $(shell basename "$(CURDIR)" | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9_]/_/g')

# What fuzzers and tests write captures with.
FUZZ_SUPPORT = $(wildcard Tests/Fuzz/Support/*.swift) \
  $(patsubst %,Tests/TrafficTests/Support/%.swift,CaptureFile TestLink TLSWire WebSocketWire Wire)

fuzz: install ## Coverage-guided fuzzers of captures, reassembly, the codec, TLS and WebSocket, FUZZ_SECONDS=60 each (FUZZERS=Capture for one)
	swift build -c release --scratch-path $(FUZZ_BUILD) --target Traffic \
	  -Xswiftc -sanitize=fuzzer,address
	@set -e; for fuzzer in $(FUZZERS); do \
	  echo "$$fuzzer"; \
	  swiftc -O -parse-as-library -sanitize=fuzzer,address -package-name $(FUZZ_PACKAGE) -module-name $${fuzzer}Fuzzer \
	    -I $(FUZZ_BUILD)/release/Modules -I Sources/CZlib -I Sources/CZstd -I Sources/CSnappy \
	    $$(find $(FUZZ_BUILD)/checkouts/swift-numerics $(FUZZ_BUILD)/checkouts/swift-crypto -path '*include/module.modulemap' \
	      -exec echo -Xcc -fmodule-map-file={} \;) \
	    Tests/Fuzz/$$fuzzer.swift $(FUZZ_SUPPORT) $$(find $(FUZZ_BUILD)/release/*.build/ -name '*.o') \
	    -lz -lzstd -lsnappy -lstdc++ -o $(FUZZ_BUILD)/$$fuzzer; \
	  mkdir -p $(FUZZ_BUILD)/corpus/$$fuzzer; \
	  zcat $(CAPTURE) | head -c 6000 >$(FUZZ_BUILD)/corpus/$$fuzzer/bundled; \
	  SWIFT_BACKTRACE=enable=no $(FUZZ_BUILD)/$$fuzzer $(FUZZ_BUILD)/corpus/$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=1 -malloc_limit_mb=256 \
	    -max_len=16384 -artifact_prefix=$(FUZZ_BUILD)/$$fuzzer- -print_final_stats=1 </dev/null; \
	done

docs: install ## The documentation of storage, broker, traffic and replay, as web pages in .build/docs, docs-broker, docs-traffic and docs-replay
	swift package --allow-writing-to-directory .build/docs generate-documentation --target Storage \
	  --output-path .build/docs --transform-for-static-hosting --warnings-as-errors
	swift package --allow-writing-to-directory .build/docs-broker generate-documentation --target Broker \
	  --output-path .build/docs-broker --transform-for-static-hosting --warnings-as-errors
	swift package --allow-writing-to-directory .build/docs-traffic generate-documentation --target Traffic \
	  --output-path .build/docs-traffic --transform-for-static-hosting --warnings-as-errors
	swift package --allow-writing-to-directory .build/docs-replay generate-documentation --target Replay \
	  --output-path .build/docs-replay --transform-for-static-hosting --warnings-as-errors

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
