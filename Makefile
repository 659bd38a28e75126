SWIFT ?= swift
export SWIFT
STRICT = --explicit-target-dependency-import-check error
# Indexing the modules of the system takes a seventh of a debug build. An index of our own remains:
# swift build looks tests up in it.
DEBUG_FLAGS = $(STRICT) -Xswiftc -index-ignore-system-modules
FORMAT = {"version": 1, "lineLength": 100, "indentation": {"spaces": 4}, "respectsExistingLineBreaks": true}

.PHONY: setup setup-tests build run test fuzz torture release bench format install

setup: ## checks for Swift 6.2 and the system's libraries, and installs missing ones if it may
	@.ci/setup

setup-tests:
	@.ci/setup tests

build: setup ## a debug build
	$(SWIFT) build $(DEBUG_FLAGS)

run: setup ## the agent on this node, with the fragments of config.d
	$(SWIFT) build $(DEBUG_FLAGS) --product consul
	.build/debug/consul agent -dev -enable-local-script-checks -config-dir config.d

test: setup-tests ## all tests, in lanes at the same time: the pure ones, the agents, the rest
	$(SWIFT) build $(DEBUG_FLAGS) --build-tests
	@.ci/test

fuzz: setup-tests ## random input without end, each time from a fresh seed; stops at the first fault
	$(SWIFT) build $(DEBUG_FLAGS) --build-tests
	@while SEED=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); do \
	  echo "SEED=$$SEED"; \
	  SEED=$$SEED FUZZ_ROUNDS=$${FUZZ_ROUNDS:-20000} \
	    $(SWIFT) test --skip-build --filter FuzzTests || exit 1; \
	done

torture: setup-tests ## the simulation of a group of servers, fresh seeds without end; stops at the first fault
	TORTURE=1 $(SWIFT) test -c release -Xswiftc -enable-testing --scratch-path .build-torture \
	  --filter SimulationTests.SimulationTests/torture

# Debug builds and tests check exclusive access at run time; a release does not, which
# saves a tenth of a request's time.
release: setup ## one static, optimised binary: .build/release/consul
	$(SWIFT) build -c release --product consul --static-swift-stdlib $(STRICT) \
	  -Xswiftc -enforce-exclusivity=unchecked

bench: release ## compares this program with HashiCorp Consul in the same run
	Tests/Benchmarks/run

format:
	$(SWIFT) format --configuration '$(FORMAT)' --in-place --recursive Sources Plugins Tests Package.swift

install: release
	install -m 755 .build/release/consul $(DESTDIR)/usr/local/bin/consul
