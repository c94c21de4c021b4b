// Run directories with made-up numbers, as a trainer would write them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apical/report.h"

namespace apical {

// A folder that goes with the test.
class RunFolders : public testing::Test {
 protected:
  RunFolders() {
    root_ = std::filesystem::temp_directory_path() /
            ("apical-report-" + std::to_string(getpid()) + "-" + std::to_string(counter_++));
    std::filesystem::create_directories(root_);
  }
  ~RunFolders() override { std::filesystem::remove_all(root_); }

  using Json = nlohmann::ordered_json;

  std::filesystem::path write(const std::string& name, const Json& manifest,
                              const std::string& metrics) const {
    const auto folder = root_ / name;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "manifest.json") << manifest.dump();
    std::ofstream(folder / "metrics.jsonl") << metrics;
    return folder;
  }

  static Json manifest(const std::string& rule, int seed) {
    return {{"name", rule + "-" + std::to_string(seed)},
            {"rule", rule},
            {"seed", seed},
            {"data", {{"name", "digits"}, {"sha256", {{"all", "abc123"}}}}},
            {"status", "finished"},
            {"version", "0.1.0"},
            {"kernels", "avx2"},
            {"machine", {{"name", "a machine"}}},
            {"recipe", "[rule]\nid = \"" + rule + "\"\n[train]\nseed = " + std::to_string(seed) + "\n"}};
  }

  // Two epochs that end at this test error; the network's angle falls from 80° to `angle`.
  static std::string metrics(double test_error, double angle) {
    std::string out;
    const auto add = [&](const Json& line) { out += line.dump() + "\n"; };
    add({{"event", "evaluation"},
         {"epoch", 0},
         {"split", "test"},
         {"loss", 2.3},
         {"error", 0.9},
         {"samples", 100}});
    for (int epoch = 1; epoch <= 2; ++epoch) {
      const double share = epoch == 2 ? angle : 80.0;
      add({{"event", "probe"},
           {"probe", "update-angle"},
           {"epoch", epoch - 0.5},
           {"minibatch", 10 * epoch},
           {"values", {{"network", share}, {"layer 1", share + 5}, {"layer 2", share - 5}}},
           {"unit", "deg"},
           {"seconds", 0.25}});
      add({{"event", "epoch"},
           {"epoch", epoch},
           {"pass", "wake"},
           {"samples", 1000},
           {"seconds", 2.0},
           {"samples_per_s", 500},
           {"loss", 1.0 / epoch},
           {"error", 0.3},
           {"nonfinite", 0},
           {"probe_seconds", 0.25}});
      add({{"event", "evaluation"},
           {"epoch", epoch},
           {"split", "test"},
           {"loss", 0.5},
           {"error", epoch == 2 ? test_error : 0.2},
           {"samples", 100}});
    }
    add({{"event", "marks"}, {"pass", "wake"}, {"marks", {"update locked"}}});
    add({{"event", "summary"}, {"test_error", test_error}, {"samples_per_s", 512}, {"seconds", 4.0}});
    return out;
  }

  RunRecord run(const std::string& rule, int seed, double test_error, double angle = 30) const {
    return read_run_record(
        write(rule + "-" + std::to_string(seed), manifest(rule, seed), metrics(test_error, angle)));
  }

  std::filesystem::path root_;

 private:
  static inline int counter_ = 0;
};

// The cells of the row that begins with this label.
inline std::vector<std::string> row_of(const Table& table, const std::string& label) {
  for (const auto& row : table.rows()) {
    if (row[0].text != label) continue;
    std::vector<std::string> texts;
    for (const auto& cell : row) texts.push_back(cell.text);
    return texts;
  }
  ADD_FAILURE() << "no row '" << label << "'";
  return {};
}

inline std::string cell_of(const Table& table, const std::string& label, const std::string& column) {
  const auto row = row_of(table, label);
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (table.columns()[c].name == column) return row[c];
  }
  ADD_FAILURE() << "no column '" << column << "'";
  return {};
}

}  // namespace apical
