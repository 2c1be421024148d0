#!/bin/sh
# Makes tools/peers/.venv with the programs we compare ourselves with. Needs Python, a C++ compiler
# and CMake; building llama.cpp takes some minutes.
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
# A ready-made wheel would be built for the oldest machines. Where the machine has AMX, llama.cpp 0.3.36 uses
# its tiles before they are configured, and dies of an illegal instruction.
no_amx="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
[ "$(uname -m)" = x86_64 ] || no_amx=""
CMAKE_ARGS="-DGGML_NATIVE=ON -DCMAKE_C_FLAGS='$no_amx' -DCMAKE_CXX_FLAGS='$no_amx'" .venv/bin/pip install --no-binary llama-cpp-python -r requirements.txt
