# Every target works on a fresh machine with Go, a C compiler and make; those that
# start a real Kafka also need Java 17 and Maven. What they fetch and build once is
# kept in $(CACHE), outside the repository.

CACHE := $(abspath $(or $(LAGWISE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lagwise))

# What a folder of the cache is made from is part of its name, so it never goes stale.
checksum = $(firstword $(shell { $(1); } | cksum))
TOOLS := $(CACHE)/tools-$(call checksum,go env GOVERSION; grep google.golang.org/protobuf go.mod; cat tools/go.mod)

# The folder of Kafka's jars. Tests read it from the environment, and so may a shell
# that runs a single test: export LAGWISE_KAFKA_LIB=$(make --silent kafka-lib)
export LAGWISE_KAFKA_LIB ?= $(CACHE)/kafka-$(call checksum,cat test/realkafka/pom.xml)

# The parts of Kubernetes and KEDA that the end-to-end tests put together, found in the same way:
# export LAGWISE_E2E=$(make --silent e2e-parts) LAGWISE_E2E_KEDA=2.21.0
KEDA ?= 2.21.0
export LAGWISE_E2E ?= $(CACHE)/e2e
export LAGWISE_E2E_KEDA ?= $(KEDA)

VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
FUZZTIME ?= 20s

.PHONY: help
help: ## List the targets (the default)
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

# grpcnotrace leaves out gRPC's pages about recent requests, which are not served here: 4 MB less of program.
.PHONY: build
build: ## Build bin/lagwise
	go build -tags grpcnotrace -trimpath -buildvcs=false -ldflags '-X main.release=$(VERSION)' -o bin/lagwise ./cmd/lagwise

.PHONY: demo
demo: build ## Watch lagwise scale something, without Kafka or Kubernetes
	bin/lagwise demo

.PHONY: test
test: ## Run every test that needs nothing but Go and a C compiler
	go test -race ./...

.PHONY: test-kafka
test-kafka: $(LAGWISE_KAFKA_LIB) ## Run the tests against a real Apache Kafka
	go test -race -tags kafka -parallel 8 -timeout 20m ./test/kafka/...

.PHONY: test-parity
test-parity: $(LAGWISE_KAFKA_LIB) ## Run the tests that compare lagwise with KEDA's own scaler
	cd test/parity && go test -race -timeout 20m ./...

# With another KEDA, those scenarios that the table of versions in README stands on.
RUN ?= $(if $(filter-out 2.21.0,$(KEDA)),TestLagScalesOut|TestHPASees|TestPushWakes|TestReplicasOfLagwise|TestMovingOver)

.PHONY: e2e
e2e: $(LAGWISE_KAFKA_LIB) e2e-parts ## Run KEDA, Kubernetes, Kafka and lagwise together (RUN=TestLag, KEDA=2.16.1)
	cd test/e2e && go test $$(go list ./... | tail -n +2) # all but the first, the scenarios, whose output is wanted
	cd test/e2e && go test -count=1 -timeout 30m $(if $(RUN),-run '$(RUN)')

.PHONY: closed-loop
closed-loop: $(LAGWISE_KAFKA_LIB) e2e-parts ## Measure KEDA's kafka trigger and lagwise while real consumers work, five minutes
	cd test/e2e && go test -count=1 -timeout 15m -run '^TestClosedLoop$$' -closed-loop="$(CURDIR)/docs"

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (20s)
	@set -eu; \
	listed=$$(go test -list '^Fuzz' ./...); \
	echo "$$listed" | awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { while (n) print $$2, names[--n] }' | \
	while read -r package name; do \
		echo "$$name in $$package"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package"; \
	done

.PHONY: bench
bench: $(LAGWISE_KAFKA_LIB) ## Measure lagwise beside its peers, half an hour (BENCH=-quick to try it)
	cd bench && go run . -out ../docs/benchmarks.json $(BENCH)

.PHONY: bench-plot
bench-plot: ## Draw the growth curves that bench measured
	cd bench && go run ./plot -in ../docs/benchmarks.json -out ../docs

# Each module is checked by itself. What test/parity reads of KEDA takes minutes to build: with -race it is what test-parity
# has built. bench/kedapeer alone is left out, because no test builds what it reads.
.PHONY: lint
lint: proto-check ## Check style, imports between folders, the contract and its generated code
	$(TOOLS)/golangci-lint run ./...
	cd test/e2e && $(TOOLS)/golangci-lint run ./...
	cd test/parity && GOFLAGS=-race $(TOOLS)/golangci-lint run ./...
	cd bench && $(TOOLS)/golangci-lint run . ./emptyserver ./plot
	$(TOOLS)/buf lint
	$(TOOLS)/buf breaking --against proto/externalscaler/contract.binpb

.PHONY: proto
proto: $(TOOLS)/complete ## Generate the Go code of KEDA's contract
	PATH="$(TOOLS):$$PATH" buf generate

.PHONY: proto-check
proto-check: $(TOOLS)/complete ## Fail when that generated code is stale
	@set -eu; \
	fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	PATH="$(TOOLS):$$PATH" buf generate --output "$$fresh"; \
	diff -ru --exclude='*.proto' --exclude='*.binpb' proto "$$fresh/proto" || \
		{ echo 'generated code is stale: run "make proto"'; exit 1; }

.PHONY: proto-accept
proto-accept: $(TOOLS)/complete ## Make the contract as it stands the one that lint compares with
	$(TOOLS)/buf build --exclude-source-info --output proto/externalscaler/contract.binpb

.PHONY: docs
docs: ## Generate the reference pages
	go generate ./...

.PHONY: kafka-lib
kafka-lib: $(LAGWISE_KAFKA_LIB) ## Fetch Apache Kafka and print the folder of its jars
	@echo $(LAGWISE_KAFKA_LIB)

.PHONY: e2e-parts
e2e-parts: ## Build Kubernetes and KEDA, a quarter of an hour the first time, and print their folder
	@command -v etcd >/dev/null || { echo "installing etcd from the system's packages" >&2; \
		{ apt-get update && apt-get install -y --no-install-recommends etcd-server; } >&2; }
	@cd test/e2e && go run ./parts/build -into "$(LAGWISE_E2E)" -keda "$(LAGWISE_E2E_KEDA)"
	@echo $(LAGWISE_E2E)

.PHONY: clean
clean: ## Remove what was built here (the cache stays)
	rm -rf bin

# Fetched beside the final folder and then renamed: a fetch that is cut off leaves no half Kafka.
$(LAGWISE_KAFKA_LIB):
	@set -eu; \
	echo "fetching Apache Kafka into $@" >&2; \
	mkdir -p "$(@D)"; \
	part=$$(mktemp -d "$@.XXXXXX"); trap 'rm -rf "$$part"' EXIT; \
	said=$$(mvn --quiet --batch-mode --file test/realkafka/pom.xml \
		dependency:copy-dependencies -DoutputDirectory="$$part" 2>&1) || { echo "$$said" >&2; exit 1; }; \
	test -d "$@" || mv "$$part" "$@"

# The tools have a module of their own, so that their dependencies are not lagwise's.
# protoc-gen-go comes from lagwise's: generated code belongs to one version of protobuf.
$(TOOLS)/complete:
	@echo "building golangci-lint, buf and the protobuf plugins into $(TOOLS); the first time takes minutes"
	GOBIN="$(TOOLS)" go -C tools install tool
	GOBIN="$(TOOLS)" go install google.golang.org/protobuf/cmd/protoc-gen-go
	@touch $@
