// What a run ran on and what it was built from, for its record.
#pragma once

#include <cstdint>
#include <string>

namespace apical {

struct MachineInfo {
  std::string cpu;                // model, as the system names it
  std::int64_t cores = 0;         // that this process may use
  std::int64_t memory_bytes = 0;  // installed
  std::string os;                 // distribution and kernel
  bool operator==(const MachineInfo&) const = default;
};

struct BuildInfo {
  std::string version;   // of Apical
  std::string commit;    // of the source tree, "-dirty" if it had changes; empty if unknown
  std::string compiler;  // name and version
  std::string flags;
  std::string type;  // Release, RelWithDebInfo, …
  bool operator==(const BuildInfo&) const = default;
};

// What cannot be found out is left empty or 0.
MachineInfo machine_info();
const BuildInfo& build_info();

}  // namespace apical
