// What the verbs that train have in common.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apical/recipe.h"
#include "apical/report.h"
#include "apical/training.h"
#include "command.h"
#include "live.h"

namespace apical::cli {

// `--threads`, `--kernels`, `--runs`, `--data-folder`, `--json`.
struct Resources {
  std::optional<std::int64_t> threads;
  std::string kernels;
  std::filesystem::path runs = "runs";
  std::optional<std::filesystem::path> data_folder;
  bool json = false;

  void add_to(CLI::App& verb);
  void apply(Recipe& recipe) const;
  // Shows progress and stops on signals.
  TrainingOptions training(const CommandLine& line, Live& live) const;
};

// A recorded run to train on or again: `RUN`, `--runs`, `--data-folder`, `--json`.
struct RecordedRun {
  std::string run;
  Resources resources;

  void add_to(CLI::App& verb);
  std::filesystem::path directory() const { return find_run(resources.runs, run); }
};

// "--seed 7" or "--seeds 3": the first, or as many as wanted counting up from the recipe's first.
struct Seeds {
  std::optional<std::int64_t> one, count;

  void add_to(CLI::App& verb);
  void apply(Recipe& recipe) const;
};

// Results of runs: the table, then a small plot; JSON: the table alone.
void print_results(std::span<const RunRecord> runs, const Table& table, bool json);

// "What was done so far is saved. Go on with: apical resume ID".
void suggest_resume(const TrainingResult& result);

// Writes a text through a temporary name; throws Error if it cannot.
void write_page(const std::filesystem::path& path, const std::string& text);

}  // namespace apical::cli
