// What a training will cost: a few minibatches of every pass, with throw-away weights.
#include "apical/cost.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <tuple>

#include "core/median.h"
#include "experiment/machine.h"
#include "experiment/session.h"
#include "kernels/counting.h"

namespace apical {
namespace {

using profile::Account;
using profile::Phase;

// Timed until this much time or so many minibatches are over, whichever is more.
constexpr double kLeastSeconds = 0.05;
constexpr int kLeastMinibatches = 3;

bool same_kind(const Pass& a, const Pass& b) {
  return std::tie(a.name, a.group, a.optimizer) == std::tie(b.name, b.group, b.optimizer);
}

// A warming minibatch, a counted one, and timed ones; fewer where the pass has no more.
struct Sampled {
  Account account;
  double counted_samples = 0;
  double seconds = 0;  // median over the timed minibatches
};

Sampled sample_minibatches(TrainerBase& trainer) {
  Sampled sampled;
  std::vector<double> timed;
  double total = 0;
  for (int i = 0; !trainer.segment_done() && (i < kLeastMinibatches || total < kLeastSeconds); ++i) {
    const bool counts = i == 1 || (i == 0 && trainer.minibatches() == 1);
    const double before = trainer.sums().samples;
    const auto start = std::chrono::steady_clock::now();
    if (counts) {
      CountedSpan span;
      trainer.step({});
      sampled.account = span.stop();
      sampled.counted_samples = trainer.sums().samples - before;
    } else {
      trainer.step({});
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    total += seconds;
    // the first has found its memory, the counted one read clocks; the last of a pass may be smaller
    if (i >= 2 || timed.empty()) timed.push_back(seconds);
    if (i == 2) timed.erase(timed.begin());
  }
  sampled.seconds = median(timed);
  return sampled;
}

PassCost cost_of(const Pass& pass, const Sampled& sampled, double traffic, const MachineLimit& limit) {
  const Account& account = sampled.account;
  const double unknown = std::numeric_limits<double>::quiet_NaN(), steps = account.settling_steps;
  PassCost cost{.pass = pass.name, .group = pass.group, .samples = sampled.counted_samples};
  cost.steps = steps / cost.samples;
  cost.dynamics = steps > 0 ? account.of(Phase::credit).multiply_adds / steps : unknown;
  cost.step_update = steps > 0 ? account.of(Phase::plasticity).multiply_adds / steps : unknown;
  cost.multiply_adds = account.all().multiply_adds / cost.samples;
  cost.flops = 2 * account.all().multiply_adds;
  cost.kernel_bytes = account.all().bytes;
  cost.memory_bytes = traffic;
  cost.seconds = sampled.seconds;
  cost.peak_seconds = cost.flops / limit.flops_per_s;
  cost.traffic_seconds = traffic / limit.bytes_per_s;
  cost.share_of_peak = cost.flops / cost.seconds / limit.flops_per_s;
  return cost;
}

}  // namespace

double CostReport::total_seconds() const {
  double sum = static_cast<double>(evaluations) * evaluation_seconds;
  for (const PassCost& cost : passes) sum += static_cast<double>(cost.minibatches) * cost.seconds;
  return sum;
}

CostReport explain_cost(const Recipe& recipe, std::uint64_t seed, const DataPaths& data) {
  Session session(recipe, data, seed);
  const Plan& plan = session.plan();
  TrainerBase& trainer = session.trainer();
  CostReport report{.rule = plan.card.id,
                    .data = plan.recipe.problem.data,
                    .precision = plan.recipe.training.precision,
                    .kernels = kernels_in_use(),
                    .units = plan.network.units,
                    .threads = session.threads(),
                    .limit = machine_limit(plan, session.pool())};
  std::vector<Pass> seen;
  for (; !trainer.done(); trainer.next_segment()) {
    const Pass& pass = trainer.segment().pass;
    const auto known =
        std::find_if(seen.begin(), seen.end(), [&](const Pass& other) { return same_kind(pass, other); });
    const auto index = static_cast<std::size_t>(known - seen.begin());
    if (known == seen.end()) {
      seen.push_back(pass);
      const double traffic_before = trainer.least_traffic();
      const Sampled sampled = sample_minibatches(trainer);
      report.passes.push_back(
          cost_of(pass, sampled, std::max(traffic_before, trainer.least_traffic()), report.limit));
    }
    report.passes[index].minibatches += static_cast<std::int64_t>(trainer.minibatches());
    if (trainer.segment().evaluates) ++report.evaluations;
  }
  const auto start = std::chrono::steady_clock::now();
  trainer.evaluate("test");
  report.evaluation_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (plan.recipe.problem.validation > 0) report.evaluations *= 2;
  report.memory = trainer.memory();
  return report;
}

}  // namespace apical
