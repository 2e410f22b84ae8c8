.PHONY: bench-fleet bench-store

bench-fleet: $(VENV)/.dev  ## 10 to 1,000 replicas on a real PostgreSQL (minutes)
	$(BIN)/python -m bench.fleet

bench-store: $(VENV)/.dev  ## what a window costs in bytes and milliseconds, on both databases
	$(BIN)/python -m bench.fleet_store
