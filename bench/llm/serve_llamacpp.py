"""llama.cpp's server on a small Llama with random weights made here: `python serve_llamacpp.py PORT FOLDER PROGRAM`."""

import os
import sys
from pathlib import Path

import gguf
import numpy as np

WIDTH, INNER, LAYERS, HEADS, CONTEXT, BYTES = 256, 1024, 8, 8, 2048, 256
FIRST_BYTE, PRINTABLE = 3, (0x21, 0x7E)  # tokens that are characters of their own, so that a token is a piece

port, folder, program = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
draw = np.random.default_rng(7)
tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(BYTES))]
kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * BYTES]


def random(*shape: int) -> np.ndarray:
    return (draw.standard_normal(shape) * 0.05).astype(np.float32)


path = folder / "tiny.gguf"
writer = gguf.GGUFWriter(str(path), "llama")
writer.add_context_length(CONTEXT)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(INNER)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_dimension_count(WIDTH // HEADS)
writer.add_vocab_size(len(tokens))
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens)
writer.add_token_scores([0.0] * len(tokens))
writer.add_token_types([int(kind) for kind in kinds])
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)
writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
writer.add_tensor("token_embd.weight", random(len(tokens), WIDTH))
writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
answers = random(len(tokens), WIDTH)
answers[[i for i in range(len(tokens)) if not PRINTABLE[0] <= i - FIRST_BYTE <= PRINTABLE[1]]] = (
    0  # never the best guess
)
writer.add_tensor("output.weight", answers)
for layer in range(LAYERS):
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, dtype=np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.{layer}.{name}.weight", random(WIDTH, WIDTH))
    writer.add_tensor(f"blk.{layer}.ffn_gate.weight", random(INNER, WIDTH))
    writer.add_tensor(f"blk.{layer}.ffn_up.weight", random(INNER, WIDTH))
    writer.add_tensor(f"blk.{layer}.ffn_down.weight", random(WIDTH, INNER))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
address = ["--host", "127.0.0.1", "--port", port]
one_at_a_time = ["--parallel", "1", "--threads", "1", "--ctx-size", str(CONTEXT)]
os.execv(program, [program, "--model", str(path), *address, *one_at_a_time, "--metrics", "--no-warmup", "--no-webui"])
