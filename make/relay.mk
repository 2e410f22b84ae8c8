.PHONY: bench-relay soak

bench-relay: $(VENV)/.dev  ## the relay beside nginx, haproxy, Envoy, an aiohttp proxy and a C relay (about 15 minutes)
	$(BIN)/python -m bench.relay

soak: $(VENV)/.dev  ## minutes of mixed traffic and faults; memory stays flat (MINUTES=3)
	$(BIN)/python -m bench.relay_soak --minutes $(or $(MINUTES),3)
