// Counting the instructions of a workload: the same number on a quiet and on a busy machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "workloads/workloads.h"

namespace apical::workloads {

// What is counted: the default layers, small enough for an emulated processor; one thread.
WorkloadOptions counted_options(const std::string& precision);

// Who counts. Numbers of different counters, or of kernels for different instruction sets, do not compare.
struct InstructionCounter {
  std::string
      name;  // "perf" (the processor's own counter), "callgrind" (valgrind) or "" where neither can be had
  std::string missing;  // why not, one sentence; empty: there is one
};
InstructionCounter instruction_counter();

struct InstructionCount {
  double instructions = 0;  // of one run
  std::string kernels;      // that ran: an emulated processor may know fewer instruction sets
};

// Counts with the given counter. `program`: the path of the command line, which callgrind starts with the hidden option of the bench verb.
// Throws Error if the counter fails.
InstructionCount count_instructions(const InstructionCounter& counter, const std::string& workload,
                                    const std::string& precision, const std::string& kernels,
                                    const std::string& program);

// What callgrind says at its end, "==123== Collected : 4567"; empty if it does not.
std::optional<double> callgrind_total(const std::string& said);

// The child's part: builds the workload, runs it once to find its memory and once to be counted, and prints the name of the kernels that ran.
void run_for_counting(const std::string& workload, const std::string& precision);
// The run that is counted.
void counted_run(Workload& step);

}  // namespace apical::workloads
