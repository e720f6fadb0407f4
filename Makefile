GO ?= go

.PHONY: build test thorough race soak bench bench-openblas bench-onednn accuracy fuzz lint generate man release full-checkpoint

build:
	CGO_ENABLED=0 $(GO) build -o bin/mcllava ./cmd/mcllava

# The tests; lint vets. Without cgo, as the program is built: the tests start it hundreds of times, and each start is shorter so. Without
# tables for debuggers, a quarter of linking.
test: export CGO_ENABLED = 0
test:
	$(GO) test -short -vet=off -ldflags=-w ./...

# All tests: also those that kill, fill memory or ask about many pictures, and those of the build without decoders.
thorough: export CGO_ENABLED = 0
thorough:
	$(GO) test -vet=off -ldflags=-w -tags noheif -run WithoutHEIF ./crop ./internal/heif
	$(GO) test -vet=off -ldflags=-w ./...

# What runs at the same time, under the race detector.
race:
	$(GO) test -race -short -vet=off ./...

# How fast this machine runs the model; BENCH_FLAGS are its flags, such as --quick, --precision q8 or --json.
bench:
	$(GO) run ./cmd/mcllava bench $(BENCH_FLAGS)

# The float32 product beside OpenBLAS's.
bench-openblas:
	$(GO) run ./internal/bench/openblas

# The products beside oneDNN's; needs g++ and libdnnl-dev.
bench-onednn:
	CGO_ENABLED=1 $(GO) run -tags onednn ./internal/bench/onednn

# What every precision costs in accuracy, and what the checkpoint MODEL (the demo) knows, tables. SCENES drawn scenes take about a second
# each; KNOWS pictures of each of five series about three.
SCENES ?= 200
KNOWS ?= 200
accuracy:
	$(GO) test -count=1 -v -timeout 0 -run '^Test(Accuracy|Knowledge)$$' . -accuracy $(SCENES) -knows $(KNOWS) $(if $(MODEL),-model "$(MODEL)")

# Each fuzz target of each package, for a fixed number of inputs. FUZZ_TARGET chooses some by name, such as FuzzResume.
FUZZ_COUNT ?= 5000x
FUZZ_TARGET ?= ^Fuzz
fuzz:
	@$(GO) list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r package folder; do \
		for target in $$(cat "$$folder"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' | grep -e '$(FUZZ_TARGET)'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_COUNT) "$$package" || exit 1; \
		done \
	done

# Kills the program SOAK_KILLS times in all that it writes, and counts what is lost.
SOAK_KILLS ?= 1000
soak:
	$(GO) run ./internal/soak -kills $(SOAK_KILLS) $(SOAK_FLAGS)

# Tools are pinned in a module of their own, so that users of this one do not fetch them.
TOOLS = $(GO) tool -modfile=internal/tools/go.mod
lint:
	$(GO) vet ./...
	$(TOOLS) staticcheck ./...
	test -z "$$($(TOOLS) gofumpt -l . | tee /dev/stderr)"

# Man pages, into the folder MAN.
MAN ?= bin/man
man:
	$(GO) run ./cmd/mcllava man $(MAN)

# Archives and packages for VERSION, into the folder DIST.
VERSION ?= $(shell git describe --tags --dirty 2>/dev/null || echo v0.0.0-$$(git rev-parse --short=12 HEAD))
DIST ?= dist
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
release:
	GO="$(GO)" sh internal/release/release.sh "$(VERSION)" "$(DIST)" $(PLATFORMS)

# The assembly and the notices, written anew.
generate:
	rm -f internal/tensor/kernels_amd64.go internal/tensor/kernels_amd64.s
	rm -f internal/tensor/rowkernels_stubs_amd64.go internal/tensor/rowkernels_amd64.s
	rm -f internal/tensor/kernels_arm64.go internal/tensor/kernels_arm64.s
	rm -f internal/tensor/rowkernels_stubs_arm64.go internal/tensor/rowkernels_arm64.s
	$(GO) generate ./internal/tensor ./internal/licenses

# A random checkpoint of the published shape (6.4 GB), for benchmarks.
full-checkpoint:
	$(GO) run ./internal/randomcheckpoint -o $(or $(DIR),full)
