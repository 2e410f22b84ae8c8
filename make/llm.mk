.PHONY: llm-compare

llm-compare: $(VENV)/.dev  ## figures on language models beside those of llama.cpp and transformers serve (builds and installs them on first use; minutes)
	$(BIN)/python -m bench.llm

.PHONY: bench-features bench-memory-features

bench-features: $(VENV)/.dev  ## what each feature extractor costs a row (a minute)
	$(BIN)/python -m bench.features

bench-memory-features: $(VENV)/.dev  ## memory of the sidecar with text, image and embedding features (a minute)
	$(BIN)/python -m bench.memory_features
