"""Makes the files that compare.py measures, in target/peers; what is there already stays.

    python prepare.py

SmolLM2-135M-Instruct as it comes with the program (Q4_1) and requantized; the same weights as a
bfloat16 checkpoint; and a random Llama of 0.5 billion weights in K-quants, for which SmolLM2's rows
are too short. Takes 2.5 GB of disk.
"""
import os, subprocess

from random_model import write_gguf
from requantize import requantize

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "target", "peers")
BUILTIN = os.path.join(FOLDER, "SmolLM2-135M.Q4_1.gguf")
CHECKPOINT = os.path.join(FOLDER, "SmolLM2-135M.bfloat16")
FORMATS = ["Q4_0", "Q5_0", "Q5_1", "Q8_0", "BF16"]
K_QUANTS = ["Q4_K_M", "Q5_K_M", "Q6_K"]


def make(name, write):
    """Writes a file or folder under another name first, so that nothing half-done stays."""
    path = os.path.join(FOLDER, name)
    if not os.path.exists(path):
        print("making", name, flush=True)
        write(path + ".part")
        os.rename(path + ".part", path)


def checkpoint(path):
    """Without a tokenizer, since what transformers makes of this one in GGUF is not the model's."""
    import torch, transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(
        FOLDER, gguf_file=os.path.basename(BUILTIN), dtype=torch.float32)
    model.to(torch.bfloat16).save_pretrained(path)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.exists(BUILTIN):
        program = os.path.join(ROOT, "target", "release", "tokenscope")
        builtin = subprocess.run([program, "--fetch-builtin"], check=True, capture_output=True, text=True)
        os.symlink(builtin.stdout.strip(), BUILTIN)
    for name in FORMATS:
        make(f"SmolLM2-135M.{name}.gguf", lambda path: requantize(BUILTIN, name, path))
    make(os.path.basename(CHECKPOINT), checkpoint)
    wanted = [f"random-0.5B.{name}.gguf" for name in K_QUANTS]
    if not all(os.path.exists(os.path.join(FOLDER, name)) for name in wanted):
        source = os.path.join(FOLDER, "random-0.5B.F16.gguf")
        make(os.path.basename(source), write_gguf)
        for name, file in zip(K_QUANTS, wanted):
            make(file, lambda path: requantize(source, name, path))
        os.remove(source)


if __name__ == "__main__":
    main()
