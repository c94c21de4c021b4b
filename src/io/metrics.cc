#include "io/metrics.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "apical/error.h"
#include "io/manifest.h"

namespace apical {
namespace {

using Json = nlohmann::ordered_json;
using Pairs = std::vector<std::pair<std::string, double>>;

constexpr const char* kNonFinite = "non_finite";

std::string name_of(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

double number_named(const std::string& name) {
  if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
  return name == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

// Writes values and notes the places of those that JSON cannot hold: "loss", "angles.3", "values.layer 1".
struct Writer {
  std::string place;
  Json& non_finite;

  Json number(double value, const std::string& where) const {
    if (std::isfinite(value)) return value;
    non_finite[where] = name_of(value);
    return nullptr;
  }
  Json operator()(double value) const { return number(value, place); }
  Json operator()(const std::vector<double>& values) const {
    Json list = Json::array();
    for (const double value : values) list.push_back(number(value, fmt::format("{}.{}", place, list.size())));
    return list;
  }
  Json operator()(const Pairs& pairs) const {
    Json object = Json::object();
    for (const auto& [key, value] : pairs) object[key] = number(value, place + "." + key);
    return object;
  }
  template <class Kind>
  Json operator()(const Kind& value) const {
    return value;
  }
};

// Reads values and puts back what was not finite.
struct Reader {
  const Json& non_finite;

  double number(const Json& json, const std::string& where) const {
    return json.is_null() ? number_named(non_finite.at(where).get<std::string>()) : json.get<double>();
  }
  MetricValue list(const Json& json, const std::string& place) const {
    const auto all = [&](auto is) { return std::all_of(json.begin(), json.end(), is); };
    if (!json.empty() && all([](const Json& item) { return item.is_string(); }))
      return json.get<std::vector<std::string>>();
    if (!json.empty() && all([](const Json& item) { return item.is_number_integer(); })) {
      return json.get<std::vector<std::int64_t>>();
    }
    std::vector<double> values;
    for (const auto& item : json) values.push_back(number(item, fmt::format("{}.{}", place, values.size())));
    return values;
  }
  MetricValue value(const Json& json, const std::string& place) const {
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_string()) return json.get<std::string>();
    if (json.is_number_integer()) return json.get<std::int64_t>();
    if (json.is_array()) return list(json, place);
    if (!json.is_object()) return number(json, place);
    Pairs pairs;
    for (const auto& [key, item] : json.items()) pairs.emplace_back(key, number(item, place + "." + key));
    return pairs;
  }
};

Metric metric_of(const Json& json) {
  const Json non_finite = json.value(kNonFinite, Json::object());
  Metric metric;
  for (const auto& [key, item] : json.items()) {
    if (key != kNonFinite) metric.emplace_back(key, Reader{non_finite}.value(item, key));
  }
  return metric;
}

}  // namespace

std::string line_of(const Metric& metric) {
  Json line = Json::object(), non_finite = Json::object();
  for (const auto& [key, value] : metric) {
    if (key == kNonFinite || line.contains(key))
      throw InternalError(fmt::format("a metric may not say '{}' twice", key));
    line[key] = std::visit(Writer{key, non_finite}, value);
  }
  if (!non_finite.empty()) line[kNonFinite] = non_finite;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::uint64_t whole_lines(const std::filesystem::path& metrics_file) {
  std::ifstream file(metrics_file, std::ios::binary);
  std::uint64_t whole = 0;
  for (std::string line; std::getline(file, line);) {
    if (!file.eof()) whole += line.size() + 1;
  }
  return whole;
}

std::vector<Metric> read_metrics(const std::filesystem::path& run_directory) {
  const auto path = run_directory / kMetricsName;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string(), "cannot be read.", "The run has no metrics.");
  std::vector<Metric> metrics;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (file.eof()) break;  // a writer was killed in this line
    try {
      const Json json = Json::parse(line);
      if (!json.is_object())
        throw Error(fmt::format("{}:{}", path.string(), number), "a metric must be a JSON object.");
      metrics.push_back(metric_of(json));
    } catch (const Json::exception&) {
      throw Error(fmt::format("{}:{}", path.string(), number), "is not a line of metrics.",
                  "Remove the line, or restore the file.");
    }
  }
  return metrics;
}

}  // namespace apical
