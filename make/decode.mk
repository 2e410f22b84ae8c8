.PHONY: bench-decode

bench-decode: $(VENV)/.dev  ## cost of decoding and features, per protocol
	$(BIN)/python -m bench.decode

.PHONY: conformance

conformance: $(VENV)/.dev  ## decoders against live servers, each in an environment of its own (gigabytes, minutes)
	$(BIN)/python -m bench.decode_conformance
