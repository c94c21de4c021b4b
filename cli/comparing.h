// Runs a comparison and shows it: shared by `compare` and `demo`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apical/comparison.h"
#include "training_options.h"

namespace apical::cli {

struct Presentation {
  std::string title, what;
  std::vector<std::string> shortened;
  std::filesystem::path report;  // an HTML file
};

// Trains, prints the table and a plot, writes the report and says its path last. Returns the exit code.
int compare_and_show(const CommandLine& line, const Resources& resources, const std::vector<Recipe>& recipes,
                     const Presentation& presentation);

}  // namespace apical::cli
