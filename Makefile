# What people type here. Each target is one line of something you could type yourself.

.DEFAULT_GOAL := help
.PHONY: help run test lint soak bench load autobahn dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start a server on 127.0.0.1:8000 and print a link to it
	cargo run --release

test: ## every test: Rust, official SDKs, a real browser
	scripts/toolbox
	scripts/test

lint: ## formatting and lints; warnings are errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo fmt --manifest-path benches/forms/Cargo.toml --check
	cargo clippy --manifest-path benches/forms/Cargo.toml --target-dir $${CARGO_TARGET_DIR:-target}/forms --all-targets -- -D warnings
	scripts/pictures --check
	scripts/dist-lint

soak: ## the long run that looks for leaks and losses
	cargo test -p wigwag-tests --features soak --test soak -- --nocapture --test-threads=1

bench: ## hot paths under criterion, their instructions against limits, and the server against yardsticks
	cargo bench -p wigwag-benches --bench paths
	scripts/instructions
	scripts/compare

load: ## load against a server of its own, judged by budgets, and the flood
	scripts/load

autobahn: ## the WebSocket cases of autobahntestsuite, where there is a Python 2.7
	cargo build -p wigwag-tests --bin wigwag-in-test
	scripts/autobahn

dist: ## what can be downloaded, into dist/: archive, Debian package, bill of materials, sums
	scripts/dist
