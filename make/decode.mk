.PHONY: bench-decode

bench-decode: $(VENV)/.dev  ## cost of decoding and features, per protocol
	$(BIN)/python -m bench.decode
