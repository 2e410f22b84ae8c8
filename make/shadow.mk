.PHONY: bench-shadow

bench-shadow: $(VENV)/.dev  ## equivalence of two models: false claims, pairs needed, cost of mirroring (minutes)
	$(BIN)/python -m bench.shadow
