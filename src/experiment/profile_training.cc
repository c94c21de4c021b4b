// Where the time of training goes: one epoch, or as much of it as fits, with every kernel timed.
#include <algorithm>
#include <chrono>
#include <set>

#include "apical/checkpoint.h"
#include "apical/cost.h"
#include "experiment/machine.h"
#include "experiment/scratch_directory.h"
#include "experiment/session.h"
#include "kernels/counting.h"

namespace apical {
namespace {

using Clock = std::chrono::steady_clock;
using profile::Account;
using profile::Phase;
using profile::Tally;
using profile::Work;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TimeProfile::Row row_of(const char* name, const Tally& tally) {
  return {name, tally.calls, tally.seconds, tally.multiply_adds, tally.elements, tally.bytes};
}

void fill(const Account& account, TimeProfile& result) {
  for (std::size_t p = 0; p < profile::kPhases; ++p) {
    const auto phase = static_cast<Phase>(p);
    const Tally work = account.of(phase);
    TimeProfile::Row& row = result.phases.emplace_back(row_of(profile::kPhaseNames[p], work));
    row.calls = 0;
    row.seconds = account.seconds[p];
    auto& split = result.by_both.emplace_back();
    for (std::size_t k = 0; k < profile::kWorks; ++k)
      split.push_back(account.at(phase, static_cast<Work>(k)).seconds);
    split.push_back(std::max(0.0, account.seconds[p] - work.seconds));
  }
  for (std::size_t k = 0; k < profile::kWorks; ++k) {
    result.kernels_used.push_back(row_of(profile::kWorkNames[k], account.of(static_cast<Work>(k))));
  }
}

// The passes of the first epoch: those before it, and its own.
std::size_t segments_of_first_epoch(const Plan& plan) {
  const auto end =
      std::find_if(plan.segments.begin(), plan.segments.end(), [](const Segment& s) { return s.evaluates; });
  return static_cast<std::size_t>(end - plan.segments.begin()) + 1;
}

// One segment of each kind of pass is enough to see where its time goes.
std::vector<std::size_t> segments_to_run(const Plan& plan) {
  std::vector<std::size_t> run;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < segments_of_first_epoch(plan); ++i) {
    if (seen.insert(plan.segments[i].pass.name).second) run.push_back(i);
  }
  return run;
}

void write_checkpoint(const TrainerBase& trainer) {
  const ScratchDirectory scratch("profile");
  const profile::PhaseScope scope(Phase::checkpoint);
  Checkpoint checkpoint;
  trainer.save(checkpoint);
  save_checkpoint(scratch.path() / "checkpoint.safetensors", checkpoint);
}

}  // namespace

double TimeProfile::flops_per_s() const {
  double multiply_adds = 0;
  for (const Row& row : kernels_used) multiply_adds += row.multiply_adds;
  return 2 * multiply_adds / wall_seconds;
}

TimeProfile profile_training(const Recipe& recipe, std::uint64_t seed, const DataPaths& data,
                             double seconds) {
  Session session(recipe, data, seed);
  const Plan& plan = session.plan();
  TrainerBase& trainer = session.trainer();
  TimeProfile result{.rule = plan.card.id,
                     .data = plan.recipe.problem.data,
                     .precision = plan.recipe.training.precision,
                     .kernels = kernels_in_use(),
                     .threads = session.threads()};
  result.limit = machine_limit(plan, session.pool());
  const std::vector<std::size_t> run = segments_to_run(plan);
  const double share = seconds / static_cast<double>(run.size());

  CountedSpan span;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < segments_of_first_epoch(plan); ++i) {
    if (i > 0) trainer.next_segment();
    if (std::find(run.begin(), run.end(), i) == run.end()) continue;
    const auto began = Clock::now();
    while (!trainer.segment_done() && (trainer.minibatch() == 0 || seconds_since(began) < share)) {
      trainer.step({});
      ++result.minibatches;
    }
    result.whole_epoch = result.whole_epoch && trainer.segment_done();
    result.samples += trainer.sums().samples;
  }
  trainer.evaluate("test");
  write_checkpoint(trainer);
  result.wall_seconds = seconds_since(start);
  fill(span.stop(), result);
  return result;
}

}  // namespace apical
