#!/bin/sh
# Makes tools/peers/.venv with the programs we compare ourselves with. Needs Python, a C++ compiler
# and CMake; building llama.cpp takes some minutes.
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
# A ready-made wheel would be built for the oldest machines.
CMAKE_ARGS="-DGGML_NATIVE=ON" .venv/bin/pip install --no-binary llama-cpp-python -r requirements.txt
