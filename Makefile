# The commands of this repository; the work is in scripts/.

PORT ?= 8080

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

.PHONY: run
run: pkg build ## build the page, serve it on 127.0.0.1 (PORT=8080) and print its address (MODEL= for your own)
	@exec target/release/karyolens serve --port $(PORT)

.PHONY: quick
quick: ## for every change: format, lints, unit tests, one browser test
	@scripts/test.sh quick

.PHONY: test
test: ## before a change is offered: format, lints, native tests, wasm build, browser tests
	@scripts/test.sh most

.PHONY: test-all
test-all: ## before a release: these and the long ones
	@scripts/test.sh all

.PHONY: bench
bench: ## training step and inference against PyTorch, side by side (installs PyTorch)
	@benches/train.sh

.PHONY: bench-browser
bench-browser: pkg build ## the page's networks against onnxruntime-web in one Chromium (ARGS=--help)
	@scripts/setup.sh bench
	@node benches/browser/bench.js $(ARGS)

.PHONY: pkg
pkg: ## build pkg/, the files that a browser loads and npm packs
	@scripts/setup.sh pkg
	@scripts/build-pkg.sh

.PHONY: dist
dist: pkg build ## pack target/dist/karyolens-VERSION.zip, which runs from a USB stick
	@scripts/setup.sh dist
	@scripts/dist.sh

.PHONY: build
build: ## build the native binary, target/release/karyolens (FEATURES=gpu or cuda)
	@cargo build --release $(if $(FEATURES),--features $(FEATURES))

.PHONY: setup
setup: ## install the missing tools for all of these
	@scripts/setup.sh
