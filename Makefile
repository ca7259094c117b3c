# Everything works from a fresh clone with Node.js (20 or newer) and npm: each target sets up what it needs.
# The Node.js that builds and tests is pinned from npm (tools/node), so the machine's own does not matter.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.whichlayer-installed
SOURCES := $(shell find src test scripts assembly rules -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install build test check unit fmt rules mutate bench-rules docs demo bench depth ci clean release-check test-tools

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Install the packages of the lockfile and build the optional addon

$(INSTALLED): package.json package-lock.json tools/node/package.json
	@# Not npm ci: it refuses a lockfile where the registry lacks an optional package of another platform.
	npm install --no-save --ignore-scripts --loglevel=error
	bash scripts/build-addon.sh
	@touch $@

build: dist/.built ## Build dist/

dist/.built: $(INSTALLED) tsconfig.json $(SOURCES)
	node scripts/build.ts
	@touch $@

check: build ## Format, lint, unused code, drift of generated docs
	biome ci --error-on-warnings .
	node scripts/docs.ts --check
	knip

unit: build ## Run the tests on what is built
	mocha --forbid-only --fail-zero --timeout 30000 --reporter ./dist/test/support/reporter.js --exit 'dist/test/**/*.test.js'

test-tools: ## Install the daemons, registries and builders that the tests run against (Debian, as root)
	bash scripts/test-setup.sh

test: install test-tools check unit ## Set everything up and pass the tests

fmt: install ## Format and fix what can be fixed
	biome check --write .

rules: build ## Lint the rules and run their examples
	node dist/scripts/check-rules.js

bench-rules: build ## The dearest rules on a real file system (FOLDER=/usr)
	node dist/scripts/bench-rules.js $(or $(FOLDER),/usr)

bench: ## Speed, memory and other scanners side by side (IMAGE=, PEERS=, BENCH=full; docs/performance.md)
	@# The report alone is standard output: make bench >report.md
	@$(MAKE) --no-print-directory build >&2
	@node dist/scripts/bench.js

depth: ## Count what other scanners find of the depth image (PEERS=; docs/depth.md)
	@$(MAKE) --no-print-directory build >&2
	@node dist/scripts/depth-peers.js

mutate: build ## Put defects into every rule and see how many its examples notice
	node dist/scripts/mutate-rules.js

docs: build ## Write the generated docs
	node scripts/docs.ts

demo: build ## Set everything up and scan a leaky image made on the spot
	@node dist/scripts/demo.js

release-check: build ## What would be published
	npm pack --dry-run

clean: ## Remove what is built
	rm -rf dist coverage
