#!/bin/sh
# disassembly_test.sh OBJDUMP ARCHIVE: what no result can show, because it costs time and not digits.
#  - no accumulator of a micro-kernel lives on the stack (a threefold loss);
#  - the peak's twelve chains are twelve multiply-adds (merged chains read too high);
#  - no wide instruction outside the code of its instruction set (a crash on older processors).
set -eu
"$1" -d --no-show-raw-insn -C "$2" | awk '
  /^[0-9a-f]+ <.*>:$/ { name = $0; sub(/^[0-9a-f]+ </, "", name); sub(/>:$/, "", name); next }
  name ~ /N_AVX(2|3|3_BF16)::micro_kernel</ { micro[name] = 1; if (/%[yz]mm/ && /\(%r[sb]p/) wrong["spills: " name] = 1 }
  name ~ /N_AVX[23]::peak</ && /vfmadd/ { chains[name]++ }
  name ~ /N_AVX3_BF16::peak</ && /vdpbf16ps/ { chains[name]++ }
  name !~ /N_AVX[23]/ && /%[yz]mm/ { wrong["wide instructions in baseline code: " name] = 1 }
  END {
    for (n in micro) kernels++
    for (n in chains) { peaks++; if (chains[n] % 12) wrong["chains merged: " n] = 1 }
    if (kernels < 100) wrong["only " kernels + 0 " micro-kernels found"] = 1
    if (peaks != 7) wrong["only " peaks + 0 " peaks found"] = 1
    for (w in wrong) { print w; failed = 1 }
    exit failed
  }'
