// Lines of metrics.jsonl.
#pragma once

#include <string>

#include "apical/run.h"

namespace apical {

// One JSON object and a line feed.
std::string line_of(const Metric& metric);

// The length of the file up to the end of its last whole line.
std::uint64_t whole_lines(const std::filesystem::path& metrics_file);

}  // namespace apical
