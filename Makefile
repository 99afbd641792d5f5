.PHONY: help test vet format install lab train

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

test: ## everything that this machine can run; installs Debian's Jupyter and Chromium when root (SKIP_INSTALL=1: does not)
	@.ci/test

vet: ## what the compiler's own checks find
	go vet ./... ./.ci/summary

format: ## format all Go code as gofumpt does
	go -C .ci/tools build -o "$${TMPDIR:-/tmp}/bellwether-gofumpt" mvdan.cc/gofumpt
	git ls-files '*.go' | xargs "$${TMPDIR:-/tmp}/bellwether-gofumpt" -w

install: ## the kernel for Jupyter
	go run ./kernel install

lab: ## the notebooks in Jupyter
	go run ./kernel lab

train: ## train the tiny family again (an hour)
	go run ./kernel train
