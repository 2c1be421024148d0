"""Stores a GGUF file's weights in another format, with llama.cpp's own quantizer.

    python requantize.py SOURCE.gguf FORMAT OUT.gguf        FORMAT as Q8_0, Q4_K_M, BF16 ...

Where a row is no multiple of a format's block, llama.cpp takes another format for that tensor: all
K-quants of SmolLM2, whose rows have 576 weights, are such mixtures.
"""
import ctypes, os, sys

import llama_cpp


def requantize(source, name, out):
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name}")
    settings.allow_requantize = True
    settings.nthread = os.cpu_count()
    if llama_cpp.llama_model_quantize(source.encode(), out.encode(), ctypes.byref(settings)) != 0:
        sys.exit(f"llama.cpp could not make {name} of {source}")


if __name__ == "__main__":
    requantize(*sys.argv[1:4])
