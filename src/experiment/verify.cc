// Trains a recorded run again and compares what came out, bit by bit.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "apical/checkpoint.h"
#include "apical/error.h"
#include "apical/run.h"
#include "apical/training.h"
#include "experiment/scratch_directory.h"
#include "experiment/session.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

Verified compare(const NamedTensor& recorded, const NamedTensor* again) {
  if (again == nullptr) return {recorded.name, false, "missing in the new run"};
  if (recorded == *again) return {recorded.name, true, ""};
  std::size_t first = 0;
  while (first < recorded.bytes.size() && first < again->bytes.size() &&
         recorded.bytes[first] == again->bytes[first])
    ++first;
  return {recorded.name, false, fmt::format("differs from element {} on", first / size_of(recorded.dtype))};
}

// NaN is what it is when it comes back.
bool same_bits(const MetricValue& a, const MetricValue& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr) return std::memcmp(x, y, sizeof *x) == 0;
  using Places = std::vector<std::pair<std::string, double>>;
  const auto* here = std::get_if<Places>(&a);
  const auto* there = std::get_if<Places>(&b);
  if (here == nullptr || there == nullptr) return a == b;
  return std::equal(
      here->begin(), here->end(), there->begin(), there->end(),
      [](const auto& p, const auto& q) { return p.first == q.first && same_bits(p.second, q.second); });
}

bool same_line(const Metric& a, const Metric& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& p, const auto& q) {
    return p.first == q.first && same_bits(p.second, q.second);
  });
}

// Everything that is logged but depends on the clock.
const std::set<std::string> kClock = {"seconds", "samples_per_s", "probe_seconds"};

Verified compare_metrics(const fs::path& recorded, const fs::path& again) {
  const auto strip = [](std::vector<Metric> lines) {
    for (Metric& line : lines)
      std::erase_if(line, [](const auto& entry) { return kClock.contains(entry.first); });
    return lines;
  };
  const auto a = strip(read_metrics(recorded)), b = strip(read_metrics(again));
  for (std::size_t line = 0; line < std::max(a.size(), b.size()); ++line) {
    if (line >= a.size() || line >= b.size() || !same_line(a[line], b[line]))
      return {"metrics", false, fmt::format("line {} differs", line + 1)};
  }
  return {"metrics", true, ""};
}

// Manifest, recipe and checkpoint each say the seed.
Verified compare_seeds(const RunManifest& manifest, const Recipe& recipe, const Checkpoint& checkpoint) {
  const auto& seeds = recipe.training.seeds;
  const std::string saved = checkpoint.require("seed");
  if (seeds.size() == 1 && seeds.front() == manifest.seed && saved == std::to_string(manifest.seed))
    return {"seed", true, ""};
  return {"seed", false,
          fmt::format("the manifest says {}, its recipe {}, the checkpoint {}", manifest.seed,
                      fmt::join(seeds, ", "), saved)};
}

}  // namespace

VerifyResult verify(const fs::path& run_directory, const TrainingOptions& options) {
  const RunManifest manifest = read_manifest(run_directory);
  if (manifest.status != RunStatus::finished) {
    throw Error(
        run_directory.string(),
        fmt::format("only a finished run can be verified; this one is {}.", to_string(manifest.status)),
        "Finish it with `apical resume`.");
  }
  const Checkpoint before = load_checkpoint(checkpoints_of(run_directory).back());
  const Recipe recipe = recorded_recipe(manifest, run_directory);
  const auto seed = static_cast<std::uint64_t>(manifest.seed);
  Session(recipe, options.data, seed).require_same(manifest, run_directory.string());

  const ScratchDirectory scratch("verify");
  TrainingOptions again = options;
  again.runs = scratch.path();
  again.out.reset();
  const TrainingResult result = train(recipe, seed, again);
  if (result.end == TrainingEnd::stopped)
    throw Error("verify", "stopped before the end; nothing was compared.");

  const Checkpoint after = load_checkpoint(checkpoints_of(result.directory).back());
  VerifyResult verified{.same = true, .details = {}};
  for (const auto& [name, tensor] : before.tensors()) {
    if (name == "clock") continue;
    const auto found = after.tensors().find(name);
    verified.details.push_back(compare(tensor, found == after.tensors().end() ? nullptr : &found->second));
  }
  verified.details.push_back(compare_seeds(manifest, recipe, before));
  verified.details.push_back(compare_metrics(run_directory, result.directory));
  for (const Verified& detail : verified.details) verified.same = verified.same && detail.same;
  return verified;
}

}  // namespace apical
