.PHONY: test-faults bench-reference

test-faults: $(VENV)/.dev  ## a fleet of real processes through faults that last a minute each (10 minutes)
	SENTINEL_FAULT_SECONDS=60 $(BIN)/python -m pytest tests/e2e/fleet

bench-reference: $(VENV)/.dev  ## references from tables larger than memory, on one machine and on Dask (minutes)
	$(BIN)/python -m bench.reference
