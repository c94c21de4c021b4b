// The reference files, and ways to spoil them.
#pragma once

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "apical/error.h"
#include "apical/parity.h"

namespace apical {

using Json = nlohmann::ordered_json;

inline std::filesystem::path vector_file(const std::string& name) {
  return std::filesystem::path(APICAL_TEST_DATA) / "dfc" / (name + ".json");
}

inline std::string vector_text(const std::string& name) {
  std::ifstream in(vector_file(name));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline Json vector_json(const std::string& name) { return Json::parse(vector_text(name)); }

inline const std::string kP1 = "p1_5-7-6-3_tanh-linear_bias_mse";
inline const std::string kP3 = "p3_6-8-5-4_tanh-linear_bias_ce";
inline const std::string kP4 = "p4_5-6-4_randomQ_nobias_mse_shortT";
inline const std::string kP5 = "p5_6-5-3-5-6_tanh-lin-tanh_bias_mse_slowapical";
inline const std::string kS1 = "s1_strong_5-6-6-4_ce";

// The number of largest magnitude below a value.
inline Json* largest_number(Json& json) {
  if (json.is_number()) return &json;
  Json* largest = nullptr;
  if (!json.is_structured()) return nullptr;
  for (Json& below : json) {
    Json* found = largest_number(below);
    if (found != nullptr &&
        (largest == nullptr || std::abs(found->get<double>()) > std::abs(largest->get<double>())))
      largest = found;
  }
  return largest;
}

// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("apical_parity_" + std::to_string(::getpid()) + ".json")) {
    std::ofstream(path_) << text;
  }
  explicit TemporaryFile(const Json& json) : TemporaryFile(json.dump()) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline ParityReport check(const Json& json) { return check_parity(TemporaryFile(json).path()); }

inline const ParityResult& result_of(const ParityReport& report, const std::string& name) {
  for (const ParityResult& result : report.results) {
    if (result.name == name) return result;
  }
  throw InternalError("no result is called " + name);
}

// What an error says; empty if there is none.
template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace apical
