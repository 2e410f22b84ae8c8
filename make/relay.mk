.PHONY: bench-relay

bench-relay: $(VENV)/.dev  ## the relay beside nginx, haproxy, Envoy, an aiohttp proxy and a C relay (about 15 minutes)
	$(BIN)/python -m bench.relay
