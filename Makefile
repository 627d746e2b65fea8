# make is the menu. Everything here works on a machine that has only Go.
.DEFAULT_GOAL := help
export CGO_ENABLED = 0
FUZZTIME ?= 10s
FUZZERS = $(shell grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u)

.PHONY: help run demo test test-split test-postgres check fmt vet lint race bench fuzz fuzz-short golden soak

help: ## this menu
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## a sandbox bank on http://127.0.0.1:8080, data in ./data
	go run ./cmd/florin serve --sandbox --issuer http://127.0.0.1:8080

demo: ## the whole story in under 20 seconds
	go run ./cmd/florin demo

test: ## every test; says loudly what this machine has to leave out
	go test -timeout 20m ./...
	@./.ci/left-out

test-split: ## the end-to-end tests again, with gateway and core apart
	FLORIN_TEST_WIRING=split go test -count=1 -timeout 20m ./gateway

test-postgres: ## the end-to-end tests again, with the log in PostgreSQL
	FLORIN_TEST_LOG=postgres go test -count=1 -timeout 20m ./gateway

check: fmt vet lint test test-split test-postgres race fuzz-short ## what CI runs

fmt: ## fails on what gofmt would change
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'run: gofmt -w .'; exit 1; }

vet: ## go vet
	go vet ./...

# ST1000: package docs stand in one file of a package. ST1003: names follow the wire where it asks.
# ST1020-1022: facts and errors are told as "Posted: the money has moved."
lint: ## staticcheck
	go tool staticcheck -checks 'all,-ST1000,-ST1003,-ST1020,-ST1021,-ST1022' ./...

# Left out under the race detector: exhaustive walks over every byte, write or column, which run whole in
# 'make test'; and Pebble, built for it, checks invariants of its own that change which position a torn log names.
WALKS = TestABitFlippedAnywhere|TestAFileCutOffOrGone|TestTheNthWriteOrSyncFails|TestATornTail|TestErrorWalk|TestAFlippedBit|TestAFlippedByte|TestACutFile|TestNothingIsLostInACrash|TestEachStatementFailsOnce|TestAPoisonedEventParks|TestHostileTextsAreValues|TestACheckpointBeyondOrBeside|TestAComparisonSays

race: ## the tests again under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -short -timeout 30m -skip '$(WALKS)' ./...

bench: ## every figure beside its floor
	go run ./cmd/florin bench

fuzz: ## every fuzz target for FUZZTIME (default 10s) each
	@for dir in $(FUZZERS); do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go | sed 's/func //'); do \
	    echo "fuzz $$dir $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$dir || exit 1; \
	  done; \
	done

fuzz-short: ## every fuzz target for 300 inputs
	@$(MAKE) --no-print-directory fuzz FUZZTIME=300x

golden: ## rewrite golden files and JSON Schemas; look at the diff before you commit it
	go test ./eventbus ./schemas -update

soak: ## the long versions of the kill and fault tests
	FLORIN_SOAK=1 go test -timeout 2h -run 'Kill|Fault|Crash' ./...
	FLORIN_SOAK=1 go test -count=1 -timeout 10m -run Soak ./cmd/florin
