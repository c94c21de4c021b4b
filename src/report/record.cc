#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apical/error.h"
#include "apical/report.h"
#include "report/statistics.h"

namespace apical {
namespace {

using Json = nlohmann::ordered_json;  // keeps the layers of a probe in the order of the file

// Absent: empty. Null or not a number: NaN, since the writer turns what is not finite into null.
std::optional<double> maybe(const Json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end()) return std::nullopt;
  return found->is_number() ? found->get<double>() : report::kNaN;
}

double amount(const Json& line, const char* key) {
  const auto value = maybe(line, key);
  return value && std::isfinite(*value) ? *value : 0;
}

// Text as it is, anything else as JSON writes it.
std::string words(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string words(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found == line.end() || found->is_null() ? std::string() : words(*found);
}

std::vector<std::string> sentences(const Json& object, const char* key) {
  std::vector<std::string> list;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return list;
  if (!found->is_array()) return {words(*found)};
  for (const auto& item : *found) list.push_back(words(item));
  return list;
}

void flatten(const Json& value, const std::string& name,
             std::vector<std::pair<std::string, std::string>>& facts) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items())
      flatten(inner, name.empty() ? key : name + "." + key, facts);
  } else {
    facts.emplace_back(name, words(value));
  }
}

// "backprop · mnist" style one-liners out of what may be a word or an object with a name.
std::string named(const Json& manifest, const char* key) {
  const auto found = manifest.find(key);
  if (found == manifest.end() || found->is_null()) return {};
  if (found->is_object()) {
    for (const char* inner : {"name", "id"}) {
      if (found->contains(inner)) return words((*found)[inner]);
    }
  }
  return words(*found);
}

RunRecord::Epoch epoch_of(const Json& line) {
  RunRecord::Epoch epoch;
  epoch.epoch = amount(line, "epoch");
  epoch.pass = line.contains("pass") ? words(line, "pass") : "wake";
  epoch.segment = maybe(line, "segment");
  epoch.samples = amount(line, "samples");
  epoch.seconds = amount(line, "seconds");
  epoch.samples_per_s = amount(line, "samples_per_s");
  epoch.loss = maybe(line, "loss");
  epoch.error = maybe(line, "error");
  epoch.settled = maybe(line, "settled");
  epoch.settling_time = maybe(line, "settling_time");
  epoch.residual = maybe(line, "residual");
  epoch.solved = maybe(line, "solved");
  epoch.fell_back = maybe(line, "fell_back");
  epoch.nonfinite = maybe(line, "nonfinite");
  epoch.probe_seconds = maybe(line, "probe_seconds");
  return epoch;
}

// The later of two entries for the same moment holds: a resumed run writes an epoch again.
template <typename T, typename Same>
void put(std::vector<T>& list, T entry, Same same) {
  for (auto& old : list) {
    if (same(old, entry)) {
      old = std::move(entry);
      return;
    }
  }
  list.push_back(std::move(entry));
}

void take(RunRecord& run, const Json& line) {
  const std::string event = words(line, "event");
  if (event == "epoch" || event == "pass") {
    // an epoch may have several passes of one kind
    put(run.epochs, epoch_of(line), [](const auto& a, const auto& b) {
      return a.segment == b.segment && a.epoch == b.epoch && a.pass == b.pass;
    });
  } else if (event == "evaluation") {
    put(run.evaluations,
        RunRecord::Evaluation{amount(line, "epoch"), words(line, "split"), maybe(line, "loss"),
                              maybe(line, "error"), amount(line, "samples")},
        [](const auto& a, const auto& b) { return a.epoch == b.epoch && a.split == b.split; });
  } else if (event == "probe") {
    RunRecord::Measurement measured{
        words(line, "probe"), amount(line, "epoch"), {}, words(line, "unit"), amount(line, "seconds")};
    if (const auto values = line.find("values"); values != line.end() && values->is_object()) {
      for (const auto& [key, value] : values->items())
        measured.values.emplace_back(key, value.is_number() ? value.get<double>() : report::kNaN);
    }
    run.measurements.push_back(std::move(measured));
  } else if (event == "marks") {
    put(run.marks, RunRecord::Marks{words(line, "pass"), sentences(line, "marks")},
        [](const auto& a, const auto& b) { return a.pass == b.pass; });
  } else if (event == "summary") {
    run.summary = RunRecord::Summary{maybe(line, "test_error"),       maybe(line, "test_loss"),
                                     maybe(line, "validation_error"), maybe(line, "best_epoch"),
                                     maybe(line, "samples_per_s"),    maybe(line, "seconds")};
  }
}

// A resumed run measures a stretch again: of the measurements with one probe and epoch only the last stays,
// in order of epochs.
void drop_repeats(std::vector<RunRecord::Measurement>& measurements) {
  std::stable_sort(measurements.begin(), measurements.end(), [](const auto& a, const auto& b) {
    return std::tie(a.probe, a.epoch) < std::tie(b.probe, b.epoch);
  });
  std::vector<RunRecord::Measurement> last;
  for (auto& measured : measurements) {
    if (!last.empty() && last.back().probe == measured.probe && last.back().epoch == measured.epoch)
      last.pop_back();
    last.push_back(std::move(measured));
  }
  measurements = std::move(last);
}

void read_metrics(RunRecord& run, const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) {
    run.problems.push_back("There is no metrics.jsonl yet: nothing was measured.");
    return;
  }
  int number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const bool whole = !in.eof();  // getline reached a line feed
    const Json line = Json::parse(text, nullptr, false);
    if (line.is_object()) {
      take(run, line);
    } else if (whole) {
      run.problems.push_back(fmt::format("metrics.jsonl:{} is no JSON object and was left out.", number));
    }
  }
  drop_repeats(run.measurements);
}

}  // namespace

RunRecord read_run_record(const std::filesystem::path& folder) {
  const auto file = folder / "manifest.json";
  std::ifstream in(file);
  if (!in) {
    throw Error(folder.string(), "a run directory with a manifest.json is needed, but there is none.",
                "`apical runs` lists the runs.");
  }
  std::stringstream text;
  text << in.rdbuf();
  const Json manifest = Json::parse(text.str(), nullptr, false);
  if (!manifest.is_object()) {
    throw Error(file.string(), "a JSON object is needed, but this file is damaged or empty.",
                "Restore it, or train the run again.");
  }
  RunRecord run;
  run.folder = folder;
  run.rule = named(manifest, "rule");
  run.data = named(manifest, "data");
  run.seed = words(manifest, "seed");
  run.name = words(manifest, "name");
  run.status = words(manifest, "status");
  run.version = words(manifest, "version");
  run.kernels = words(manifest, "kernels");
  run.machine = named(manifest, "machine");
  run.recipe = words(manifest, "recipe");
  run.shortened = sentences(manifest, "shortened");
  for (const char* key : {"failure", "error", "problem"}) {
    if (run.failure.empty()) run.failure = words(manifest, key);
  }
  if (run.rule.empty()) run.rule = "unknown rule";
  if (run.name.empty()) run.name = folder.filename().string();
  for (const auto& [key, value] : manifest.items()) {
    if (key != "recipe") flatten(value, key, run.facts);
  }
  read_metrics(run, folder / "metrics.jsonl");
  return run;
}

}  // namespace apical
