// Comparison of the engine with the authors' own numbers for Deep Feedback Control.
//
// A reference file holds one tiny network, its data, and what the authors' code computed with it in double
// precision: feedforward pass, gradients, controlled dynamics, updates, feedback learning, optimizer steps.
// Every quantity is computed again by the engine's own rules, verbs, probes and optimizers, and compared.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace apical {

enum class Verdict { passed, failed, skipped };
const std::string& to_string(Verdict verdict);

// One quantity of a file: "controller.inst_proactive.u".
struct ParityResult {
  std::string name;
  // Largest |ours − theirs| over max |theirs| of its arrays, of which a quantity of a network has one per
  // layer; a difference in degrees or in counts where these are compared. NaN if skipped.
  double worst;
  double tolerance;  // relative; degrees for angles, 0 for counts and flags; NaN if skipped
  Verdict verdict;
  std::string note;  // why it was skipped, or where it failed; may be empty
};

struct ParityReport {
  std::filesystem::path file;
  std::vector<ParityResult> results;  // in the order in which they are computed, skipped fields last

  std::size_t count(Verdict verdict) const;
};

// Compares one file. Arrays a, b of numbers agree where |a − b| ≤ 1e-9 max|b| + 1e-13 throughout (1e-8 in
// files whose forward apical time constant exceeds the Euler step), angles where they differ by no more than
// 1e-6 degrees. Fields that the engine cannot compute, and fields that nobody knows, are reported as skipped.
// Throws Error that names file and field, what was required and what was found, for a file that cannot be
// read, is not JSON, or does not fit its own network.
ParityReport check_parity(const std::filesystem::path& file);

}  // namespace apical
