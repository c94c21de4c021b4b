// From the record of a run to the numbers that are kept, and back to a record for figures.
#include <algorithm>
#include <cmath>
#include <limits>

#include "apical/error.h"
#include "apical/reproduction.h"
#include "apical/run.h"

namespace apical {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Puts y at an epoch that counts from 1.
void put(std::vector<double>& curve, double epoch, double y) {
  const auto place = static_cast<std::size_t>(std::lround(epoch));
  if (place == 0) return;
  if (curve.size() < place) curve.resize(place, kUnknown);
  curve[place - 1] = y;
}

// The first epoch with the best validation result; the last where nothing was held out. 0: none.
std::int64_t best_epoch_of(const std::map<std::string, std::vector<double>>& curves) {
  for (const char* name : {"validation_error", "validation_loss"}) {
    const auto found = curves.find(name);
    if (found == curves.end()) continue;
    const auto& scores = found->second;
    const auto best = std::min_element(scores.begin(), scores.end(), [](double a, double b) {
      return a < b || (std::isnan(b) && !std::isnan(a));
    });
    return best - scores.begin() + 1;
  }
  std::size_t last = 0;
  for (const auto& [name, curve] : curves) last = std::max(last, curve.size());
  return static_cast<std::int64_t>(last);
}

// A test result counts at the best validation result, a training result at the last epoch.
double value_at(const SeedResult& run, const std::string& metric) {
  const auto found = run.curves.find(metric);
  if (found == run.curves.end() || run.epochs == 0) return kUnknown;
  const auto epoch = static_cast<std::size_t>(metric.starts_with("test") ? run.best_epoch : run.epochs);
  return epoch >= 1 && epoch <= found->second.size() ? found->second[epoch - 1] : kUnknown;
}

}  // namespace

SeedResult seed_result(const std::filesystem::path& run_directory, const Published& published) {
  const RunManifest manifest = read_manifest(run_directory);
  const RunRecord record = read_run_record(run_directory);
  SeedResult run{.seed = manifest.seed,
                 .finished = manifest.status == RunStatus::finished,
                 .date = (manifest.ended.empty() ? manifest.started : manifest.ended).substr(0, 10),
                 .version = manifest.build.version,
                 .commit = manifest.build.commit,
                 .machine = manifest.machine.cpu,
                 .kernels = manifest.instruction_set,
                 .precision = manifest.precision};
  for (const RunRecord::Evaluation& evaluation : record.evaluations) {
    if (evaluation.loss) put(run.curves[evaluation.split + "_loss"], evaluation.epoch, *evaluation.loss);
    if (evaluation.error && std::isfinite(*evaluation.error))
      put(run.curves[evaluation.split + "_error"], evaluation.epoch, *evaluation.error);
  }
  for (const RunRecord::Epoch& epoch : record.epochs) {
    run.seconds += epoch.seconds;
    if (epoch.pass != "wake") continue;
    if (epoch.loss) put(run.curves["train_loss"], epoch.epoch, *epoch.loss);
    if (epoch.error) put(run.curves["train_error"], epoch.epoch, *epoch.error);
  }
  // what older runs say of several passes in one epoch is the last one's time alone
  if (record.summary && record.summary->seconds)
    run.seconds = std::max(run.seconds, *record.summary->seconds);
  // an epoch counts once it has been tested
  const auto tested = run.curves.find("test_loss");
  run.epochs = tested == run.curves.end() ? 0 : static_cast<std::int64_t>(tested->second.size());
  for (auto& [name, curve] : run.curves) curve.resize(static_cast<std::size_t>(run.epochs), kUnknown);
  run.best_epoch = run.epochs == 0 ? 0 : best_epoch_of(run.curves);
  if (!published.metric.empty()) run.value = value_at(run, published.metric);
  return run;
}

std::vector<RunRecord> as_records(const PublishedCell& cell, const CellResults& results) {
  std::vector<RunRecord> records;
  for (const SeedResult& run : results.runs) {
    RunRecord record;
    record.name = cell.id;
    record.rule = cell.row();
    record.seed = std::to_string(run.seed);
    record.data = cell.recipe.problem.data;
    record.status = run.finished ? "finished" : "stopped";
    for (const auto& [name, curve] : run.curves) {
      const bool is_error = name.ends_with("_error");
      const std::string split = name.substr(0, name.rfind('_'));
      for (std::size_t i = 0; i < curve.size(); ++i) {
        const auto epoch = static_cast<double>(i + 1);
        if (split == "train") {
          if (is_error) continue;
          RunRecord::Epoch& passed = record.epochs.emplace_back();
          passed.epoch = epoch;
          passed.pass = "wake";
          passed.loss = curve[i];
        } else {
          RunRecord::Evaluation& evaluation = record.evaluations.emplace_back();
          evaluation.epoch = epoch;
          evaluation.split = split;
          (is_error ? evaluation.error : evaluation.loss) = curve[i];
        }
      }
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace apical
