// Trains a recorded run again and compares what came out, bit by bit.
#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <set>

#include "apical/checkpoint.h"
#include "apical/error.h"
#include "apical/run.h"
#include "apical/training.h"
#include "experiment/session.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

// A directory that goes away with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::random_device random;
    path_ = fs::temp_directory_path() / fmt::format("apical-verify-{:08x}{:08x}", random(), random());
    fs::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Verified compare(const NamedTensor& recorded, const NamedTensor* again) {
  if (again == nullptr) return {recorded.name, false, "missing in the new run"};
  if (recorded == *again) return {recorded.name, true, ""};
  std::size_t first = 0;
  while (first < recorded.bytes.size() && first < again->bytes.size() && recorded.bytes[first] == again->bytes[first]) ++first;
  return {recorded.name, false, fmt::format("differs from element {} on", first / size_of(recorded.dtype))};
}

// Everything that is logged but depends on the clock.
const std::set<std::string> kClock = {"seconds", "samples_per_s", "probe_seconds"};

Verified compare_metrics(const fs::path& recorded, const fs::path& again) {
  const auto strip = [](std::vector<Metric> lines) {
    for (Metric& line : lines) std::erase_if(line, [](const auto& entry) { return kClock.contains(entry.first); });
    return lines;
  };
  const auto a = strip(read_metrics(recorded)), b = strip(read_metrics(again));
  for (std::size_t line = 0; line < std::max(a.size(), b.size()); ++line) {
    if (line >= a.size() || line >= b.size() || a[line] != b[line]) return {"metrics", false, fmt::format("line {} differs", line + 1)};
  }
  return {"metrics", true, ""};
}

}  // namespace

VerifyResult verify(const fs::path& run_directory, const TrainingOptions& options) {
  const RunManifest manifest = read_manifest(run_directory);
  if (manifest.status != RunStatus::finished) {
    throw Error(run_directory.string(), fmt::format("only a finished run can be verified; this one is {}.", to_string(manifest.status)),
                "Finish it with `apical resume`.");
  }
  const Recipe recipe = parse_recipe(manifest.recipe, (run_directory / "manifest.json").string());
  const auto seed = static_cast<std::uint64_t>(manifest.seed);
  Session(recipe, options.data, seed).require_same(manifest, run_directory.string());

  const TemporaryDirectory scratch;
  TrainingOptions again = options;
  again.runs = scratch.path();
  again.out.reset();
  const TrainingResult result = train(recipe, seed, again);
  if (result.end == TrainingEnd::stopped) throw Error("verify", "stopped before the end; nothing was compared.");

  const Checkpoint before = load_checkpoint(checkpoints_of(run_directory).back());
  const Checkpoint after = load_checkpoint(checkpoints_of(result.directory).back());
  VerifyResult verified{.same = true, .details = {}};
  for (const auto& [name, tensor] : before.tensors()) {
    if (name == "best") continue;   // holds times; its results are in the metrics
    const auto found = after.tensors().find(name);
    verified.details.push_back(compare(tensor, found == after.tensors().end() ? nullptr : &found->second));
  }
  verified.details.push_back(compare_metrics(run_directory, result.directory));
  for (const Verified& detail : verified.details) verified.same = verified.same && detail.same;
  return verified;
}

}  // namespace apical
