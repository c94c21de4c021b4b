#include "apical/parity.h"

#include <algorithm>
#include <array>

#include "parity/checks.h"
#include "parity/reference_updates.h"

namespace apical {

const std::string& to_string(Verdict verdict) {
  static const std::array<std::string, 3> kNames = {"passed", "failed", "skipped"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::size_t ParityReport::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [=](const ParityResult& result) { return result.verdict == verdict; }));
}

namespace {

// Fields that nobody asked for, unless they are part of one that was skipped.
void report_unread(const parity::Reference& reference, ParityReport& report) {
  for (const std::string& field : reference.unread()) {
    const bool waits =
        std::any_of(report.results.begin(), report.results.end(), [&](const ParityResult& result) {
          return result.verdict == Verdict::skipped &&
                 (field == result.name || field.starts_with(result.name + "."));
        });
    if (!waits) report.results.push_back(parity::skipped(field, "unknown"));
  }
}

}  // namespace

ParityReport check_parity(const std::filesystem::path& file) {
  using namespace parity;
  const Reference reference(file);
  ParityReport report{file, {}};
  const Field root = reference.root();
  for (const char* words : {"name", "how"}) root.find(words);

  if (is_strong(root)) {
    const Case example(root, FileKind::strong);
    check_strong({reference, example, 1e-9, report.results});
    report_unread(reference, report);
    return report;
  }

  const Case example(root);
  const double tolerance = example.hyper.tau_a > example.hyper.dt ? 1e-8 : 1e-9;
  const Bench bench{reference, example, tolerance, report.results};
  check_feedforward(bench);
  check_controller(bench);
  ReferenceUpdates updates(bench);
  check_reference_updates(bench, updates);
  check_forward_updates(bench, updates);
  check_adam(bench);
  check_feedback_learning(bench);
  check_dfa(bench);
  check_theory(bench);
  report_unread(reference, report);
  return report;
}

}  // namespace apical
