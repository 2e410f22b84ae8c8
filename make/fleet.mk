.PHONY: test-faults bench-reference bench-fleet-scale bench-partitions

test-faults: $(VENV)/.dev  ## a fleet of real processes through faults that last a minute each (10 minutes)
	SENTINEL_FAULT_SECONDS=60 $(BIN)/python -m pytest tests/e2e/fleet

bench-reference: $(VENV)/.dev  ## references from tables larger than memory, on one machine and on Dask (minutes)
	$(BIN)/python -m bench.reference

bench-fleet-scale: $(VENV)/.dev  ## 10,000 replicas under one fleet and under a tree of fleets (minutes)
	$(BIN)/python -m bench.fleet_scale

bench-partitions: $(VENV)/.dev  ## the store's tables partitioned by day, beside the store's own (minutes)
	$(BIN)/python -m bench.partitions
