// Instruction counts of now beside those of an earlier `apical bench --json`.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace apical::workloads {

// Under what circumstances a file was made, or is being compared.
struct BenchSituation {
  std::string version, commit, compiler, cpu;  // differences are said
  std::string precision;                       // differences are errors, here and below
  std::string counter;                         // "perf", "callgrind"
  std::string counted_kernels;                 // instruction set of what was counted
  std::string counted_work;                    // "784,256,256,256,10 batch 32 steps 12"
};

struct EarlierBench {
  BenchSituation situation;
  std::map<std::string, double> instructions;  // workload → count
};

inline constexpr int kBenchFormat = 1;
// The member `bench` of the output: what read_bench reads beside the rows.
std::string situation_json(const BenchSituation& situation);
// Throws Error that names the file and what is wrong: no JSON, not the output of bench, a later format, no counts.
EarlierBench read_bench(const std::string& text, const std::string& where);

// One workload of both.
struct BenchRatio {
  std::string workload;
  double before = 0, now = 0;
  double ratio() const { return now / before; }
  bool lost() const;  // at least 5 % more instructions; true if a count is no number
};

struct BenchComparison {
  std::vector<BenchRatio> ratios;  // in the order of their names
  std::vector<std::string> notes;  // what else differs, which workloads only one side has
  bool lost() const;
};

// Throws Error at `where` if the two cannot be compared: other instruction set, counter, precision, or no workload in common.
BenchComparison compare_benches(const EarlierBench& before, const EarlierBench& now,
                                const std::string& where);

}  // namespace apical::workloads
