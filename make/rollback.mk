.PHONY: rollback-sweep rollback-rivals rollback-delay rollback-outages

rollback-sweep: $(VENV)/.dev  ## 500 kills between breach and acknowledged rollback request (minutes)
	$(BIN)/python -m bench.rollback_sweep

rollback-rivals: $(VENV)/.dev  ## false rollbacks and delays beside rivals (a minute)
	$(BIN)/python -m bench.rollback_rivals

rollback-delay: $(VENV)/.dev  ## from breach to the first request (seconds)
	$(BIN)/python -m bench.rollback_delay

rollback-outages: $(VENV)/.dev  ## outages that hit one version by chance (half an hour)
	$(BIN)/python -m bench.rollback_outages
