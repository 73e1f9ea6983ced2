# Everything sets itself up: see `go doc ./storage/local` for where Postgres
# and Redis come from.

GO    ?= go
LINT   = $(GO) tool -modfile=.tools/go.mod golangci-lint
COUNT ?= 10

.PHONY: demo test check bench browser build crash soak

## demo: the whole system on this machine, nothing to configure
demo:
	@$(GO) build -buildvcs=false -o bin/pingyi ./cmd/pingyi
	@exec bin/pingyi demo

## test: all tests, on private Postgres and Redis servers
test:
	$(GO) test -timeout 30m ./...

## check: format, vet, tidy modules, lint
check:
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -tags browser ./...
	$(GO) mod tidy -diff
	$(LINT) run

## bench: how fast it is beside what one would write by hand, then benchmarks, COUNT=10 times each, for benchstat
bench: build
	$(GO) run -buildvcs=false ./cmd/measure -pingyi bin/pingyi
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./...

## browser: the pages in a real Chromium (files tagged browser, TestBrowser…)
browser:
	@.ci/chromium
	@packages="$$(grep -rl --include='*_test.go' '^//go:build browser' . | xargs -r -n1 dirname | sort -u)"; \
		if [ -z "$$packages" ]; then echo "no browser tests found"; exit 1; fi; \
		set -x; $(GO) test -count=1 -timeout 20m -tags browser -run '^TestBrowser' $$packages

## crash: kills, cuts and storms by a random schedule; SEED=… repeats one, LENGTH=45s, RUN=one|two|three|standbys|kills picks
crash:
	SEED="$(SEED)" LENGTH="$(LENGTH)" $(GO) test -count=1 -timeout 60m -tags crash -run 'TestCrash$(if $(RUN),/$(RUN))' -v ./cmd/pingyi

## soak: half an hour of pressing, after which memory and connections are as before; LENGTH=30m
soak:
	SEED="$(SEED)" LENGTH="$(or $(LENGTH),30m)" $(GO) test -count=1 -timeout 90m -tags crash -run TestSoak -v ./cmd/pingyi

## build: the program, as bin/pingyi
build:
	$(GO) build -trimpath -o bin/pingyi ./cmd/pingyi
