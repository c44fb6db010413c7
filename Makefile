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

# A newer Kafka, for what the other one does not have, such as share groups.
NEWER_KAFKA := 4.4.0
export LAGWISE_NEWER_KAFKA_LIB ?= $(LAGWISE_KAFKA_LIB)-$(NEWER_KAFKA)

# The parts of Kubernetes and KEDA that the end-to-end tests put together, found in the same way:
# export LAGWISE_E2E=$(make --silent e2e-parts) LAGWISE_E2E_KEDA=2.21.0
KEDA ?= 2.21.0
export LAGWISE_E2E ?= $(CACHE)/e2e
export LAGWISE_E2E_KEDA ?= $(KEDA)

# What an image is built with: zig is a C compiler that carries musl for every processor.
ZIG_RELEASE := 0.13.0
ZIG := $(CACHE)/zig-$(ZIG_RELEASE)
IMAGE_ARCHES := amd64 arm64
CC_amd64 := $(ZIG)/ziglang/zig cc -target x86_64-linux-musl
CC_arm64 := $(ZIG)/ziglang/zig cc -target aarch64-linux-musl

VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
FUZZTIME ?= 20s

# A package of the system, where it is missing.
apt = { echo "installing $(1) from the system's packages" >&2; \
	{ apt-get update && apt-get install -y --no-install-recommends $(1); } >&2; }

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
test-kafka: $(LAGWISE_KAFKA_LIB) $(LAGWISE_NEWER_KAFKA_LIB) ## Run the tests against a real Apache Kafka: one broker, and clusters of three
	go test -race -tags kafka -parallel 8 -timeout 20m ./test/kafka/...
	go test -race -tags kafka -timeout 20m ./test/kafkacluster/...

.PHONY: test-rabbitmq
test-rabbitmq: rabbitmq-server ## Run the tests against a real RabbitMQ, which Debian's package brings
	go test -race -tags rabbitmq -timeout 10m ./test/rabbitmq/...

.PHONY: rabbitmq-server
rabbitmq-server:
	@test -n "$(LAGWISE_RABBITMQ_BIN)" -o -x /usr/lib/rabbitmq/bin/rabbitmq-server || $(call apt,rabbitmq-server)

.PHONY: test-parity
test-parity: $(LAGWISE_KAFKA_LIB) rabbitmq-server ## Run the tests that compare lagwise with KEDA's own scaler
	cd test/parity && go test -race -timeout 20m ./...

# -count=1: Go does not notice when files of another module change.
.PHONY: test-autoscaler
test-autoscaler: ## Run the test that compares what lagwise knows of the HPA with Kubernetes' own controller
	cd test/autoscaler && go test -count=1 ./...

.PHONY: test-monitoring
test-monitoring: ## Hold the dashboard and the alerts to Prometheus' parsers and to what lagwise exports
	cd test/monitoring && go test -count=1 ./...

# With another KEDA, those scenarios that the table of versions in README stands on.
RUN ?= $(if $(filter-out 2.21.0,$(KEDA)),TestLagScalesOut|TestHPASees|TestPushWakes|TestReplicasOfLagwise|TestMovingOver)

.PHONY: e2e
e2e: $(LAGWISE_KAFKA_LIB) rabbitmq-server e2e-parts ## Run KEDA, Kubernetes, Kafka and lagwise together (RUN=TestLag, KEDA=2.16.1)
	cd test/e2e && go test $$(go list ./... | tail -n +2) # all but the first, the scenarios, whose output is wanted
	cd test/e2e && go test -count=1 -timeout 30m $(if $(RUN),-run '$(RUN)')

.PHONY: closed-loop
closed-loop: $(LAGWISE_KAFKA_LIB) e2e-parts ## Measure KEDA's kafka trigger and lagwise while real consumers work, twelve minutes
	cd test/e2e && go test -count=1 -timeout 30m -run '^TestClosedLoop$$' -closed-loop="$(CURDIR)/docs"

# The program of an image needs no file of the system but the authorities: it is static, and carries the time zones.
.PHONY: $(IMAGE_ARCHES:%=dist/%/lagwise)
$(IMAGE_ARCHES:%=dist/%/lagwise): dist/%/lagwise: $(ZIG)
	CC="$(CC_$*)" CGO_ENABLED=1 GOOS=linux GOARCH=$* go build -tags musl,grpcnotrace,timetzdata -trimpath -buildvcs=false \
		-ldflags '-s -w -X main.release=$(VERSION) -linkmode external -extldflags "-static -s"' -o $@ ./cmd/lagwise
	cd packaging && go run ./bill -binary ../$@ -version '$(VERSION)' -bill ../dist/$*/bill.cdx.json -notices ../dist/$*/NOTICES.txt

# buildah builds a Dockerfile without a daemon. What it stores on the way lies beside the result and goes.
.PHONY: manifests
BASE := manifests/base
manifests: ## Write what is made from the chart, such as kustomize's base
	@mkdir -p manifests/chart/files && cp manifests/monitoring/alerts.yaml manifests/monitoring/dashboard.json manifests/chart/files
	@set -eu; \
	rendered=$$(mktemp -d); trap 'rm -rf "$$rendered"' EXIT; \
	cd packaging; \
	go tool helm template lagwise ../manifests/chart --namespace keda --kube-version 1.29.0 --output-dir "$$rendered" >/dev/null; \
	cd "$$rendered/lagwise/templates"; \
	for file in *.yaml; do \
		sed -e '/^---$$/d' -e '/^# Source: /d' -e '/helm.sh\/chart:/d' -e '/managed-by: Helm/d' -e '/^ *namespace: keda$$/d' $$file > "$(abspath $(BASE))/$$file"; \
	done
	@test "$(BASE)" != manifests/base || { cd packaging && \
		go tool helm-docs --log-level warning --chart-search-root ../manifests/chart --template-files README.md.gotmpl; }

.PHONY: image
image: $(IMAGE_ARCHES:%=dist/%/lagwise) ## Build the container image for amd64 and arm64: dist/image, an OCI layout
	cd packaging && go run ./authorities > ../dist/authorities.pem
	@command -v buildah >/dev/null || $(call apt,buildah)
	@set -eu; \
	store=$$(mktemp -d); trap 'rm -rf "$$store"' EXIT; \
	rm -rf dist/image; \
	export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs; \
	buildah="buildah --root $$store/root --runroot $$store/run"; \
	for arch in $(IMAGE_ARCHES); do \
		$$buildah build --quiet --timestamp 0 --platform linux/$$arch --manifest lagwise . >/dev/null; \
	done; \
	$$buildah manifest push --quiet --all lagwise oci:dist/image:$(VERSION) >/dev/null
	@du -h dist/image/blobs/sha256/* | sort -h | tail -n 2

.PHONY: test-packaging
test-packaging: image ## Run what is in the image, and check the Helm chart
	@command -v qemu-aarch64-static >/dev/null || $(call apt,qemu-user-static)
	cd packaging && go test -count=1 ./...

# A browser looks at the page of the lagwise that is built here.
.PHONY: test-page
test-page: build page-lab ## Look at the status page with a browser (needs Node.js)
	cd test/page && npm run --silent test

.PHONY: page-pictures
page-pictures: build page-lab ## Take the pictures of docs/page.md, which takes half an hour
	cd test/page && node pictures.js
	@command -v pngquant >/dev/null || $(call apt,pngquant)
	pngquant --force --ext .png --strip docs/page-light.png docs/page-dark.png

.PHONY: page-lab
page-lab: $(LAGWISE_KAFKA_LIB) test/page/node_modules
	@command -v chromium >/dev/null || $(call apt,chromium)
	go build -o bin/page-lab ./test/page/lab

test/page/node_modules: test/page/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js with npm is needed and was not found" >&2; exit 1; }
	cd test/page && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: vulncheck
vulncheck: ## Compare with the Go vulnerability database, from the internet (VULNDB=file:///FOLDER for a copy)
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 $(if $(VULNDB),-db $(VULNDB)) ./...

DURATION ?= 10m
.PHONY: soak
soak: $(LAGWISE_KAFKA_LIB) ## Have lagwise live with a Kafka that dies all the time (DURATION=1h, PAGE=docs/reliability.md)
	go test -count=1 -tags kafka -run '^TestSoak$$' -v -timeout 0 ./test/kafka -soak $(DURATION) $(if $(PAGE),-soak-page "$(abspath $(PAGE))")

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (20s), two at a time
	@set -eu; \
	listed=$$(go test -list '^Fuzz' ./...); \
	echo "$$listed" | awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { while (n) print $$2, names[--n], "$(FUZZTIME)" }' | \
	xargs -P 2 -n 3 test/fuzz.sh

.PHONY: bench
bench: $(LAGWISE_KAFKA_LIB) rabbitmq-server ## Measure lagwise beside its peers, half an hour (BENCH=-quick to try it)
	cd bench && go run . -out ../docs/benchmarks.json $(BENCH)

.PHONY: bench-plot
bench-plot: ## Draw the growth curves that bench measured
	cd bench && go run ./plot -in ../docs/benchmarks.json -out ../docs

# Each module is checked by itself. What test/parity reads of KEDA takes minutes to build: with -race it is what test-parity
# has built. bench/kedapeer alone is left out, because no test builds what it reads.
.PHONY: lint
lint: proto-check modules-check ## Check style, imports between folders, the contract and its generated code
	$(TOOLS)/golangci-lint run ./...
	cd test/e2e && $(TOOLS)/golangci-lint run ./...
	cd test/parity && GOFLAGS=-race $(TOOLS)/golangci-lint run ./...
	cd bench && $(TOOLS)/golangci-lint run . ./emptyserver ./plot
	cd packaging && $(TOOLS)/golangci-lint run ./...
	cd test/monitoring && $(TOOLS)/golangci-lint run ./...
	cd test/autoscaler && $(TOOLS)/golangci-lint run ./...
	$(TOOLS)/buf lint
	$(TOOLS)/buf breaking --against proto/externalscaler/contract.binpb

# A module whose list of dependencies is behind lagwise's own does not build; "go mod tidy" mends it.
.PHONY: modules-check
modules-check:
	@for module in $(filter-out tools,$(MODULES)); do \
		(cd $$module && go mod tidy -diff) || { echo "go.mod in $$module is stale: run \"go mod tidy\" there"; exit 1; }; \
	done

# Versions that belong to the KEDA or the Kubernetes that a module compares lagwise with stay as they are. Some module proxies hide the newest
# confluent-kafka-go from this list: look at its releases as well. A module whose newest version cannot be read is listed with the error.
FIXED_VERSIONS := ^(k8s\.io|sigs\.k8s\.io|github\.com/kedacore|github\.com/lagwise)/
MODULES := . bench packaging test/autoscaler test/e2e test/monitoring test/parity tools
.PHONY: outdated
outdated: ## List the direct dependencies that have a newer version, of every module (needs the internet)
	@for module in $(MODULES); do \
		direct=$$(cd $$module && { go list -m -f '{{if not (or .Main .Indirect)}}{{.Path}}{{end}}' all; go list -f '{{.Module.Path}}' tool; } 2>/dev/null | \
			sort -u | grep -vE '$(FIXED_VERSIONS)'); \
		behind=$$(test -z "$$direct" || (cd $$module && go list -m -u -e -f \
			'{{with .Update}}  {{$$.Path}} {{$$.Version}} -> {{.Version}}{{end}}{{with .Error}}  {{$$.Path}}: {{.Err}}{{end}}' $$direct 2>&1)); \
		printf '%s: %s\n' "$$module" "$$(test -z "$$behind" && echo 'nothing is behind' || printf 'behind\n%s' "$$behind")"; \
	done

.PHONY: proto
proto: $(TOOLS)/complete ## Generate the Go code of KEDA's contract
	PATH="$(TOOLS):$$PATH" buf generate

.PHONY: proto-check
proto-check: $(TOOLS)/complete ## Fail when that generated code is stale
	@set -eu; \
	fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	PATH="$(TOOLS):$$PATH" buf generate --output "$$fresh"; \
	diff -ru --exclude='*.proto' --exclude='*.binpb' --exclude=doc.go proto "$$fresh/proto" || \
		{ echo 'generated code is stale: run "make proto"'; exit 1; }

.PHONY: proto-accept
proto-accept: $(TOOLS)/complete ## Make the contract as it stands the one that lint compares with
	$(TOOLS)/buf build --exclude-source-info --output proto/externalscaler/contract.binpb

.PHONY: docs
docs: ## Generate the reference pages
	go generate ./...

.PHONY: docs-site
docs-site: docs/node_modules ## Build the documentation site (needs Node.js): dist/docs
	cd docs && npm run --silent build

# The generator itself fails over a link to a page that is not there.
.PHONY: test-docs
test-docs: docs-site ## Build that site, and follow every link between the pages, also of those outside it
	cd docs && npm run --silent links

docs/node_modules: docs/package-lock.json
	cd docs && npm ci --silent
	@touch $@

.PHONY: kafka-lib
kafka-lib: $(LAGWISE_KAFKA_LIB) ## Fetch Apache Kafka and print the folder of its jars
	@echo $(LAGWISE_KAFKA_LIB)

.PHONY: e2e-parts
e2e-parts: ## Build Kubernetes and KEDA, a quarter of an hour the first time, and print their folder
	@command -v etcd >/dev/null || $(call apt,etcd-server)
	@cd test/e2e && go run ./parts/build -into "$(LAGWISE_E2E)" -keda "$(LAGWISE_E2E_KEDA)"
	@echo $(LAGWISE_E2E)

.PHONY: clean
clean: ## Remove what was built here (the cache stays)
	rm -rf bin dist

$(LAGWISE_NEWER_KAFKA_LIB): kafka_version := -Dkafka.version=$(NEWER_KAFKA)

# Fetched beside the final folder and then renamed: a fetch that is cut off leaves no half Kafka.
$(LAGWISE_KAFKA_LIB) $(LAGWISE_NEWER_KAFKA_LIB):
	@set -eu; \
	echo "fetching Apache Kafka into $@" >&2; \
	mkdir -p "$(@D)"; \
	part=$$(mktemp -d "$@.XXXXXX"); trap 'rm -rf "$$part"' EXIT; \
	said=$$(mvn --quiet --batch-mode --file test/realkafka/pom.xml $(kafka_version) \
		dependency:copy-dependencies -DoutputDirectory="$$part" 2>&1) || { echo "$$said" >&2; exit 1; }; \
	test -d "$@" || mv "$$part" "$@"

$(ZIG):
	@set -eu; \
	echo "fetching zig $(ZIG_RELEASE) into $@" >&2; \
	mkdir -p "$(@D)"; \
	part=$$(mktemp -d "$@.XXXXXX"); trap 'rm -rf "$$part"' EXIT; \
	python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --target "$$part" ziglang==$(ZIG_RELEASE) >&2; \
	test -d "$@" || mv "$$part" "$@"

# The tools have a module of their own, so that their dependencies are not lagwise's.
# protoc-gen-go comes from lagwise's: generated code belongs to one version of protobuf.
$(TOOLS)/complete:
	@echo "building golangci-lint, buf and the protobuf plugins into $(TOOLS); the first time takes minutes"
	GOBIN="$(TOOLS)" go -C tools install tool
	GOBIN="$(TOOLS)" go install google.golang.org/protobuf/cmd/protoc-gen-go
	@touch $@
