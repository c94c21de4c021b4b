#pragma once

#include <filesystem>

#include "apical/run.h"

namespace apical {

inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kMetricsName = "metrics.jsonl";

// Atomic.
void write_manifest(const std::filesystem::path& run_directory, const RunManifest& manifest);

}  // namespace apical
