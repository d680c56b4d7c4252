# Two commands are all that is needed: `make run` and `make test`. Both install what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
BIN    := $(TARGET)/release/help-support
WASM   := wasm32-unknown-unknown
HYDRATE := -p app --lib --no-default-features --features hydrate --target $(WASM)

# the oldest that builds this, as Cargo.toml says
RUST := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install
APT_UPDATE := $(SUDO) apt-get -qq update
# what the tests use of Debian, as command:package
TEST_TOOLS := node:nodejs npm:npm chromium:chromium bsdtar:libarchive-tools 7zz:7zip zstd:zstd openssl:openssl \
              python3:python3 /lib/systemd/systemd-journal-remote:systemd-journal-remote

say = @printf '\033[1m==> %s\033[0m\n' "$(1)"

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: setup-build setup-test ## install what building and testing need

.PHONY: setup-build
setup-build:
	@command -v cargo >/dev/null || { echo 'Rust is missing: install it from https://rustup.rs, then run this again.' >&2; exit 1; }
	@version=$$(rustc --version | cut -d' ' -f2); \
	if [ "$$(printf '%s\n' $(RUST) "$$version" | sort -V | head -n 1)" != $(RUST) ]; then \
	    echo "Rust $$version is too old: $(RUST) or later is needed. Run 'rustup update stable', then this again." >&2; exit 1; \
	fi
	@if ! command -v cc >/dev/null; then \
	    echo '==> installing a C compiler'; \
	    $(APT_UPDATE) && $(APT) gcc libc6-dev; \
	fi
	@if ! rustc --print target-libdir --target $(WASM) 2>/dev/null | xargs -r test -d; then \
	    echo '==> installing the Rust target $(WASM)'; \
	    rustup target add $(WASM); \
	fi

# every tool is looked for first, so that nothing is asked of the network when all is there
.PHONY: setup-test
setup-test:
	@missing=(); \
	for tool in $(TEST_TOOLS); do command -v "$${tool%%:*}" >/dev/null || missing+=("$${tool##*:}"); done; \
	fc-list 2>/dev/null | grep -q . || missing+=(fontconfig fonts-liberation); \
	if [ $${#missing[@]} -gt 0 ]; then \
	    command -v apt-get >/dev/null || { echo "Missing: $${missing[*]} (names of Debian's packages; chromium must be found by this name). Install them, then run this again." >&2; exit 1; }; \
	    echo "==> installing $${missing[*]}"; \
	    $(APT_UPDATE) && $(APT) "$${missing[@]}" >/dev/null; \
	fi
	@if ! cmp -s end2end/package-lock.json end2end/node_modules/.installed; then \
	    echo '==> installing the test tools of npm'; \
	    (cd end2end && npm ci --no-audit --no-fund && cp package-lock.json node_modules/.installed); \
	fi

.PHONY: build
build: setup-build ## build the release: target/release/help-support and target/site
	$(call say,building the program)
	@cargo build --locked --release -p server
	$(call say,building the pages)
	@cargo build --locked $(HYDRATE) --profile wasm-release
	@cargo run --locked --quiet -p site -- $(TARGET)/$(WASM)/wasm-release/app.wasm $(TARGET)/site

.PHONY: run
run: build ## build and serve http://127.0.0.1:3000
	$(call say,serving)
	@exec $(BIN) serve

.PHONY: dev
dev: setup-build ## build for development, serve, and start again at each change
	@command -v entr >/dev/null || { $(APT_UPDATE) && $(APT) entr >/dev/null; }
	@while sleep 1; do \
	    git ls-files --cached --others --exclude-standard app server style public | entr -dr $(MAKE) --no-print-directory dev-serve || true; \
	done

.PHONY: dev-serve
dev-serve:
	@cargo build -p server
	@cargo build $(HYDRATE)
	@cargo run --quiet -p site -- $(TARGET)/$(WASM)/debug/app.wasm $(TARGET)/site
	@exec $(TARGET)/debug/help-support serve

.PHONY: lint
lint: setup-build ## check format, clippy and the browser half
	$(call say,checking format and lints)
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@cargo clippy --locked -p domain --target $(WASM) -- -D warnings
	@cargo clippy --locked $(HYDRATE) -- -D warnings

.PHONY: test
test: setup lint test-rust test-browser ## everything: lints, unit, integration and browser tests

.PHONY: test-rust
test-rust: setup
	$(call say,unit and integration tests)
	@cargo test --locked --workspace

.PHONY: test-browser
test-browser: setup build
	$(call say,browser tests)
	@cd end2end && HELP_SUPPORT_BIN="$(abspath $(BIN))" npx tsc --noEmit && HELP_SUPPORT_BIN="$(abspath $(BIN))" npx playwright test

CHAOS_KILLS ?= 5000

.PHONY: chaos
chaos: setup ## kill collections thousands of times (CHAOS_KILLS=5000, CHAOS_SEED=…)
	$(call say,killing collections $(CHAOS_KILLS) times)
	@CHAOS_KILLS=$(CHAOS_KILLS) cargo test --locked -p server --test chaos -- --nocapture

FUZZ := server/engine/fuzz
FUZZ_SECONDS ?= 60

# libFuzzer comes as source in a crate and is C++; stable Rust suffices
.PHONY: fuzz
fuzz: setup-build ## let libFuzzer mislead each fuzz target for a minute (FUZZ_SECONDS=60)
	@command -v c++ >/dev/null || { echo '==> installing a C++ compiler'; $(APT_UPDATE) && $(APT) g++; }
	@RUSTC_WRAPPER="$(CURDIR)/$(FUZZ)/rustc.sh" cargo build --manifest-path $(FUZZ)/Cargo.toml --target-dir $(TARGET)/fuzz
	@for target in $(FUZZ)/targets/*.rs; do \
	    name=$$(basename "$$target" .rs); \
	    printf '\033[1m==> fuzzing %s for %s s\033[0m\n' "$$name" $(FUZZ_SECONDS); \
	    mkdir -p $(FUZZ)/corpus/$$name $(FUZZ)/artifacts/$$name; \
	    $(TARGET)/fuzz/debug/$$name -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(FUZZ)/artifacts/$$name/ \
	        -print_final_stats=1 -verbosity=0 $(FUZZ)/corpus/$$name $(FUZZ)/seeds/$$name; \
	done

.PHONY: bench
bench: setup ## measure each figure beside its peer: a table, and target/bench.json
	@command -v sos >/dev/null || { $(APT_UPDATE) && $(APT) sosreport >/dev/null; } || echo '==> no sos: its row is left out'
	@cargo bench --locked -p server --bench collect

.PHONY: clean
clean: ## remove everything that was built
	@cargo clean
	@rm -rf end2end/node_modules end2end/test-results end2end/playwright-report
