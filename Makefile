# Needs Swift 6.2 or newer and the packages that `.ci/run` installs.
SWIFT ?= swift
STRICT = --explicit-target-dependency-import-check error
FORMAT = {"version": 1, "lineLength": 100, "indentation": {"spaces": 4}, "respectsExistingLineBreaks": true}

.PHONY: build run test release bench format install

build: ## a debug build
	$(SWIFT) build $(STRICT)

run: ## the agent on this node, with the fragments of config.d
	$(SWIFT) build --product consul $(STRICT)
	.build/debug/consul agent -dev -enable-local-script-checks -config-dir config.d

test: ## all tests
	$(SWIFT) build --build-tests $(STRICT)
	$(SWIFT) test --skip-build

release: ## one static, optimised binary: .build/release/consul
	$(SWIFT) build -c release --product consul --static-swift-stdlib $(STRICT)

bench: release ## ours beside HashiCorp Consul in the same run
	Tests/Benchmarks/run

format:
	$(SWIFT) format --configuration '$(FORMAT)' --in-place --recursive Sources Plugins Tests Package.swift

install: release
	install -m 755 .build/release/consul $(DESTDIR)/usr/local/bin/consul
