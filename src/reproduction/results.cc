// What was measured, in one small text file per cell.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "apical/atomic_file.h"
#include "apical/error.h"
#include "apical/reproduction.h"
#include "io/file_lock.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = 16 << 20;
constexpr int kFormat = 1;
// Enough for any plot; the value that is judged keeps all digits.
constexpr int kCurveDigits = 5;

fs::path file_of(const fs::path& results, const std::string& id) { return results / (id + ".json"); }

Json json_of(const Value& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Value value_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  const bool whole =
      std::all_of(json.begin(), json.end(), [](const Json& item) { return item.is_number_integer(); });
  if (whole && !json.empty()) return json.get<std::vector<std::int64_t>>();
  return json.get<std::vector<double>>();
}

// Not finite is null: a bare NaN is no JSON.
double number_of(const Json& json) {
  return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Json curve_json(const std::vector<double>& curve) {
  Json list = Json::array();
  for (const double y : curve) {
    list.push_back(std::isfinite(y) ? Json(std::stod(fmt::format("{:.{}g}", y, kCurveDigits))) : Json());
  }
  return list;
}

Json json_of(const SeedResult& run) {
  Json curves = Json::object();
  for (const auto& [name, curve] : run.curves) curves[name] = curve_json(curve);
  return {{"seed", run.seed},
          {"finished", run.finished},
          {"epochs", run.epochs},
          {"best_epoch", run.best_epoch},
          {"value", std::isfinite(run.value) ? Json(run.value) : Json()},
          {"precision", run.precision},
          {"seconds", std::round(run.seconds)},
          {"date", run.date},
          {"version", run.version},
          {"commit", run.commit},
          {"machine", run.machine},
          {"kernels", run.kernels},
          {"curves", curves}};
}

SeedResult seed_result_of(const Json& json) {
  SeedResult run{.seed = json.at("seed"),
                 .finished = json.at("finished"),
                 .epochs = json.at("epochs"),
                 .best_epoch = json.at("best_epoch"),
                 .value = number_of(json.at("value")),
                 .curves = {},
                 .seconds = number_of(json.at("seconds")),
                 .date = json.at("date"),
                 .version = json.at("version"),
                 .commit = json.at("commit"),
                 .machine = json.at("machine"),
                 .kernels = json.at("kernels"),
                 .precision = json.at("precision")};
  for (const auto& [name, curve] : json.at("curves").items()) {
    for (const Json& y : curve) run.curves[name].push_back(number_of(y));
  }
  return run;
}

// One line per run and its curves: small files, readable differences between versions.
std::string text_of(const CellResults& results) {
  Json settings = Json::object();
  for (const auto& [key, value] : results.settings) settings[key] = json_of(value);
  std::string text = fmt::format("{{\n\"format\": {},\n\"recipe\": {},\n\"settings\": {},\n\"runs\": [",
                                 kFormat, Json(results.id).dump(), settings.dump());
  for (std::size_t i = 0; i < results.runs.size(); ++i)
    text += fmt::format("{}\n{}", i == 0 ? "" : ",", json_of(results.runs[i]).dump());
  return text + "\n]\n}\n";
}

bool better(const SeedResult& a, const SeedResult& b) {
  return std::pair(a.finished, a.epochs) > std::pair(b.finished, b.epochs);
}

}  // namespace

void CellResults::add(const SeedResult& run) {
  const auto same = std::find_if(runs.begin(), runs.end(), [&](const SeedResult& other) {
    return other.seed == run.seed && other.precision == run.precision;
  });
  if (same != runs.end()) {
    if (better(run, *same)) *same = run;
    return;
  }
  runs.push_back(run);
  std::stable_sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.seed < b.seed; });
}

CellResults load_results(const fs::path& results, const std::string& id) {
  const fs::path file = file_of(results, id);
  CellResults loaded{.id = id, .settings = {}, .runs = {}};
  if (!fs::exists(file)) return loaded;
  try {
    const Json json = Json::parse(read_whole(file, kMostBytes));
    if (json.at("format") != kFormat)
      throw Error(file.string(),
                  fmt::format("has format {}, required is {}.", json.at("format").dump(), kFormat));
    for (const auto& [key, value] : json.at("settings").items()) loaded.settings[key] = value_of(value);
    for (const Json& run : json.at("runs")) loaded.runs.push_back(seed_result_of(run));
  } catch (const Json::exception& damaged) {
    throw Error(file.string(), fmt::format("is no file of results: {}.", damaged.what()),
                "Take back the version that was committed, or remove it.");
  }
  return loaded;
}

namespace {

void require_same_settings(const fs::path& file, const CellResults& known, const PublishedCell& cell) {
  const std::string changed =
      known.runs.empty() ? "" : changed_setting(known.settings, deciding_settings(cell.recipe));
  if (changed.empty()) return;
  throw Error(file.string(), fmt::format("was measured with other settings: {}.", changed),
              "Undo the change of the recipe, or move the file away to begin anew.");
}

}  // namespace

void add_results(const fs::path& results, const PublishedCell& cell, std::span<const SeedResult> runs) {
  if (runs.empty()) return;
  const fs::path file = file_of(results, cell.id);
  fs::create_directories(file.parent_path());
  const FileLock lock(fs::temp_directory_path() / "apical-results.lock", FileLock::IfTaken::wait);
  CellResults known = load_results(results, cell.id);
  require_same_settings(file, known, cell);
  known.settings = deciding_settings(cell.recipe);
  for (const SeedResult& run : runs) known.add(run);
  write_atomically(file, text_of(known));
}

void merge_results(const fs::path& results, const PublishedCell& cell, const fs::path& from) {
  const CellResults others = load_results(from, cell.id);
  require_same_settings(file_of(from, cell.id), others, cell);
  add_results(results, cell, others.runs);
}

}  // namespace apical
