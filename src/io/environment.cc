#include "apical/environment.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "apical_build_info.h"
#include "apical_commit.h"

namespace apical {
namespace {

// The value of the first line that starts with `key`, after the separator.
std::string value_in(const char* path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(separator);
    if (!line.starts_with(key) || at == std::string::npos) continue;
    const auto first = line.find_first_not_of(" \t\"", at + 1);
    const auto last = line.find_last_not_of(" \t\"");
    return first == std::string::npos ? "" : line.substr(first, last - first + 1);
  }
  return "";
}

std::int64_t usable_cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return ::sysconf(_SC_NPROCESSORS_ONLN);
}

std::string operating_system() {
  std::string name = value_in("/etc/os-release", "PRETTY_NAME", '=');
  utsname kernel{};
  if (::uname(&kernel) != 0) return name;
  if (!name.empty()) name += ", ";
  return name + kernel.sysname + " " + kernel.release + " " + kernel.machine;
}

}  // namespace

MachineInfo machine_info() {
  const std::int64_t memory = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  return {value_in("/proc/cpuinfo", "model name", ':'), usable_cores(), memory > 0 ? memory : 0,
          operating_system()};
}

const BuildInfo& build_info() {
  static const BuildInfo info = {APICAL_VERSION, APICAL_COMMIT, APICAL_COMPILER, APICAL_FLAGS,
                                 APICAL_BUILD_TYPE};
  return info;
}

}  // namespace apical
