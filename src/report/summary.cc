#include "report/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace apical::report {
namespace {

// Settings that do not change what is learned, or only by chance.
const std::set<std::string>& incidental() {
  static const std::set<std::string> keys = {"seed", "seeds", "name", "threads", "out", "title"};
  return keys;
}

void without_incidentals(nlohmann::json& value) {
  if (!value.is_object()) return;
  for (const auto& key : incidental()) value.erase(key);
  for (auto& [key, inner] : value.items()) without_incidentals(inner);
}

// The recipe but for the lines (TOML) or members (JSON) that may differ between the seeds of one comparison.
std::string settings_of(const RunRecord& run) {
  nlohmann::json parsed = nlohmann::json::parse(run.recipe, nullptr, false);
  if (parsed.is_object()) {
    without_incidentals(parsed);
    return parsed.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  std::istringstream lines(run.recipe);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const std::string key = line.substr(0, line.find_first_of(" \t="));
    if (!incidental().contains(key)) kept += line + "\n";
  }
  return kept;
}

bool distinct(const std::vector<Group>& groups) {
  std::set<std::string> labels;
  return std::all_of(groups.begin(), groups.end(),
                     [&](const Group& group) { return labels.insert(group.label).second; });
}

// The rule alone if that tells the groups apart; then with the data; then with the name of the first run.
void label(std::vector<Group>& groups) {
  for (auto& group : groups) group.label = group.runs[0]->rule;
  if (distinct(groups)) return;
  std::set<std::string> data;
  for (const auto& group : groups) data.insert(group.runs[0]->data);
  if (data.size() > 1) {
    for (auto& group : groups) group.label += " on " + group.runs[0]->data;
  }
  std::map<std::string, int> times;
  for (const auto& group : groups) ++times[group.label];
  std::set<std::string> used;
  for (auto& group : groups) {
    if (times[group.label] > 1) group.label += " (" + group.runs[0]->name + ")";
    const std::string plain = group.label;
    for (int copy = 2; !used.insert(group.label).second; ++copy)
      group.label = plain + " " + std::to_string(copy);
  }
}

}  // namespace

std::vector<Group> grouped(std::span<const RunRecord> runs) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> known;
  for (const RunRecord& run : runs) {
    const std::string key = run.rule + '\0' + run.data + '\0' + settings_of(run);
    const auto [place, is_new] = known.emplace(key, groups.size());
    if (is_new) groups.emplace_back();
    Group& group = groups[place->second];
    const bool seen = !run.seed.empty() && std::any_of(group.runs.begin(), group.runs.end(),
                                                       [&](auto* r) { return r->seed == run.seed; });
    if (seen)
      ++group.repeats;
    else
      group.runs.push_back(&run);
  }
  label(groups);
  return groups;
}

bool failed(const RunRecord& run) {
  return run.status == "failed" || run.status == "diverged" || run.status == "error" || !run.failure.empty();
}

bool unfinished(const RunRecord& run) { return !failed(run) && !run.summary && run.status != "finished"; }

std::vector<const RunRecord*> counted(const Group& group) {
  std::vector<const RunRecord*> finished, going;
  for (const RunRecord* run : group.runs) {
    if (failed(*run)) continue;
    (unfinished(*run) ? going : finished).push_back(run);
  }
  return finished.empty() ? going : finished;
}

std::optional<double> test_error(const RunRecord& run) {
  if (run.summary && run.summary->test_error) return run.summary->test_error;
  std::optional<double> last;
  for (const auto& evaluation : run.evaluations) {
    if (evaluation.split == "test" && evaluation.error) last = evaluation.error;
  }
  return last;
}

double samples_per_s(const RunRecord& run) {
  if (run.summary && run.summary->samples_per_s) return *run.summary->samples_per_s;
  double samples = 0, seconds = 0;
  for (const auto& epoch : run.epochs) {
    if (epoch.pass != "wake") continue;
    samples += epoch.samples;
    seconds += epoch.seconds;
  }
  return seconds > 0 ? samples / seconds : kNaN;
}

double last_epoch(const RunRecord& run) {
  double last = 0;
  for (const auto& epoch : run.epochs) last = std::max(last, epoch.epoch);
  return last;
}

std::optional<double> late_value(const RunRecord& run, const std::string& probe, const std::string& key) {
  double latest = -1;
  for (const auto& measured : run.measurements) {
    if (measured.probe == probe) latest = std::max(latest, measured.epoch);
  }
  if (latest < 0) return std::nullopt;
  std::vector<double> values;
  for (const auto& measured : run.measurements) {
    if (measured.probe != probe || measured.epoch < std::ceil(latest) - 1) continue;
    for (const auto& [name, value] : measured.values) {
      if (name == key) values.push_back(value);
    }
  }
  if (values.empty()) return std::nullopt;
  return spread_of(values).mean;
}

std::vector<std::string> marks_of(const RunRecord& run) {
  std::vector<std::string> all;
  for (const auto& pass : run.marks) {
    for (const auto& mark : pass.marks) {
      const std::string words =
          pass.pass.empty() || pass.pass == "wake" ? mark : mark + " (" + pass.pass + ")";
      if (std::find(all.begin(), all.end(), words) == all.end()) all.push_back(words);
    }
  }
  return all;
}

std::vector<std::string> shortened_in(std::span<const RunRecord> runs, const ReportOptions& options) {
  std::vector<std::string> all = options.shortened;
  for (const RunRecord& run : runs) {
    for (const auto& what : run.shortened) {
      if (std::find(all.begin(), all.end(), what) == all.end()) all.push_back(what);
    }
  }
  return all;
}

Curve mean_curve(std::span<const Curve> curves) {
  std::map<double, std::vector<double>> at;
  for (const Curve& curve : curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      if (std::isfinite(curve.y[i])) at[curve.x[i]].push_back(curve.y[i]);
    }
  }
  Curve mean;
  for (const auto& [x, values] : at) {
    mean.x.push_back(x);
    mean.y.push_back(spread_of(values).mean);
  }
  return mean;
}

}  // namespace apical::report
