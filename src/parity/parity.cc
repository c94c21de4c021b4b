#include "apical/parity.h"

#include <algorithm>
#include <array>

#include "parity/checks.h"

namespace apical {

const std::string& to_string(Verdict verdict) {
  static const std::array<std::string, 3> kNames = {"passed", "failed", "skipped"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::size_t ParityReport::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [=](const ParityResult& result) { return result.verdict == verdict; }));
}

ParityReport check_parity(const std::filesystem::path& file) {
  using namespace parity;
  const Reference reference(file);
  ParityReport report{file, {}};
  const Field root = reference.root();
  for (const char* words : {"name", "how"}) root.find(words);

  // the later rules clamp their target; their files have fields of their own
  if (root.find("target_clamped") || root.find("controller_noiseless")) {
    for (const std::string& field : root.keys()) {
      if (field != "name" && field != "how") report.results.push_back(skipped(field, "waits for strong-dfc"));
    }
    return report;
  }

  const Case example(root);
  const double tolerance = example.hyper.tau_a > example.hyper.dt ? 1e-8 : 1e-9;
  const Bench bench{reference, example, tolerance, report.results};
  check_feedforward(bench);
  check_controller(bench);
  check_forward_updates(bench);
  check_adam(bench);
  check_feedback_learning(bench);
  check_dfa(bench);
  check_theory(bench);
  for (const char* later : {"gn_update", "mn_update", "mn_update_damping0"}) {
    if (root.find(later)) report.results.push_back(skipped(later, kWaitsForTheory));
  }
  for (const std::string& field : reference.unread()) {
    const bool waits =
        std::any_of(report.results.begin(), report.results.end(), [&](const ParityResult& result) {
          return result.verdict == Verdict::skipped &&
                 (field == result.name || field.starts_with(result.name + "."));
        });
    if (!waits) report.results.push_back(skipped(field, "unknown"));
  }
  return report;
}

}  // namespace apical
