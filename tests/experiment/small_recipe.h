// A recipe on the embedded digits that is small enough to train in a test.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "apical/recipe.h"
#include "apical/run.h"
#include "apical/training.h"
#include "io/temporary_directory.h"

namespace apical {

// [0, 24, 16, 0] tanh, 1,200 samples, Adam as the rule's card recommends; `said`: "rule.k_p=1".
inline Recipe small_recipe(const std::string& rule, const std::vector<std::string>& said = {}) {
  Recipe recipe = parse_recipe(
      "[problem]\ndata = \"digits\"\nvalidation = 200\ntraining_samples = 1200\nbatch_size = 32\n"
      "[network]\nlayers = [0, 24, 16, 0]\n[training]\nepochs = 3\nseed = 1\nthreads = 1\ncheckpoint_epochs "
      "= 0\n",
      "small.toml");
  recipe.set_rule(rule);
  for (const std::string& assignment : said) recipe.set(assignment);
  return recipe;
}

inline TrainingOptions options_in(const TemporaryDirectory& directory) {
  TrainingOptions options;
  options.runs = directory.path();
  options.data.cache_dir = directory.path() / "data";
  return options;
}

// The lines of one event.
inline std::vector<Metric> lines_of(const std::filesystem::path& run, const std::string& event) {
  std::vector<Metric> lines = read_metrics(run);
  std::erase_if(lines,
                [&](const Metric& line) { return std::get<std::string>(line.front().second) != event; });
  return lines;
}
inline const MetricValue& value_of(const Metric& line, const std::string& key) {
  return std::find_if(line.begin(), line.end(), [&](const auto& entry) { return entry.first == key; })
      ->second;
}

// A logged value to the last bit; one NaN is like another.
struct Exactly {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(double number) const {
    return std::isnan(number) ? "NaN" : fmt::format("{:a}", number);
  }
  template <class T>
  requires std::is_integral_v<T> std::string operator()(T number) const { return std::to_string(number); }
  template <class A, class B>
  std::string operator()(const std::pair<A, B>& pair) const {
    return (*this)(pair.first) + ": " + (*this)(pair.second);
  }
  template <class T>
  std::string operator()(const std::vector<T>& list) const {
    std::string text;
    for (const T& one : list) text += (*this)(one) + ", ";
    return "[" + text + "]";
  }
};

// Everything that was logged, without what the clock says.
inline std::vector<std::string> timeless(const std::filesystem::path& run) {
  static const std::set<std::string> kClock = {"seconds", "samples_per_s", "probe_seconds"};
  std::vector<std::string> lines;
  for (const Metric& line : read_metrics(run)) {
    std::string text;
    for (const auto& [key, value] : line) {
      if (!kClock.contains(key)) text += key + " " + std::visit(Exactly{}, value) + "; ";
    }
    lines.push_back(text);
  }
  return lines;
}

}  // namespace apical
