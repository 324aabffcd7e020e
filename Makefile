# make run      build, and play a flight in three modes, audited into ./creance-demo
#               (CAPTURE=file audits that instead, SAMPLE=1 a made-up capture, into ./creance-report)
# make test     every check
# make bench    measure, and write docs/benchmarks.md (BENCH_QUICK=1 for a trial)
# make soak     ten minutes of mixed load on a gateway; fails where its memory grows (SOAK_SECONDS)
# make fuzz     run each fuzz target for FUZZ_SECONDS (60)
# make geo      make the residency data anew from its sources

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CARGO_TARGET_DIR ?= $(CURDIR)/target
export CREANCE_CORPUS ?= $(CURDIR)/../shared/corpus
# Where rustup puts cargo, for the shell that has just installed it.
export PATH := $(PATH):$(HOME)/.cargo/bin
CAPTURE ?=
SAMPLE ?=
ARGS ?=
OUT ?=
FUZZ_SECONDS ?= 60

.PHONY: help run test format lint architecture deny tests docs names bench soak fuzz geo clean

help:
	@sed -n -e 's/^# make /make /p' -e 's/^#  *(/              (/p' Makefile

run:
	@scripts/ensure.sh build
	@CAPTURE='$(CAPTURE)' SAMPLE='$(SAMPLE)' OUT='$(OUT)' scripts/run.sh $(ARGS)

# In this order: what is quick and fails often comes first.
test:
	@scripts/ensure.sh test
	@scripts/check/all.sh

format lint architecture deny tests docs names:
	@scripts/check/all.sh $@

bench:
	@scripts/ensure.sh bench
	@bench/run.sh

soak:
	@scripts/ensure.sh build
	@scripts/ensure.sh lab
	@bench/soak.sh

fuzz:
	@scripts/ensure.sh build
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' scripts/fuzz.sh

geo:
	@scripts/ensure.sh build
	@scripts/geo/build.py

clean:
	rm -rf target fuzz/target creance-report creance-demo
