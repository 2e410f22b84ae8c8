.PHONY: bench-relay soak

bench-relay: $(VENV)/.dev  ## the relay beside nginx, haproxy, Envoy, an aiohttp proxy and a C relay (about 15 minutes)
	$(BIN)/python -m bench.relay

soak: $(VENV)/.dev  ## minutes of mixed traffic and faults; memory stays flat (MINUTES=3)
	$(BIN)/python -m bench.relay_soak --minutes $(or $(MINUTES),3)

.PHONY: relay-streams relay-faults memory-day

relay-streams: $(VENV)/.dev  ## 100,000 random and damaged streams, compared at both ends (minutes; STREAMS=1000)
	$(BIN)/python -m bench.relay_streams --streams $(or $(STREAMS),100000)

relay-faults: $(VENV)/.dev  ## 2,000 requests/s while processes are killed, frozen and starved, into docs/benchmarks/relay_faults.md (minutes)
	$(BIN)/python -m bench.relay_faults

memory-day: $(VENV)/.dev  ## a day's number of windows at 2,000 requests/s; memory stays flat (seven minutes)
	$(BIN)/python -m bench.memory_day
