#include "workloads/instructions.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "apical/error.h"
#include "kernels/kernels.h"

namespace apical::workloads {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPerf = "perf";
constexpr const char* kCallgrind = "callgrind";

// A descriptor of the processor's counter of retired instructions of this thread, in user space.
class Counter {
 public:
  Counter() {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.disabled = 1;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    descriptor_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  }
  ~Counter() {
    if (works()) ::close(descriptor_);
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  bool works() const { return descriptor_ >= 0; }
  void start() {
    ioctl(descriptor_, PERF_EVENT_IOC_RESET, 0);
    ioctl(descriptor_, PERF_EVENT_IOC_ENABLE, 0);
  }
  std::optional<double> stop() {
    ioctl(descriptor_, PERF_EVENT_IOC_DISABLE, 0);
    std::uint64_t count = 0;
    if (::read(descriptor_, &count, sizeof count) != static_cast<ssize_t>(sizeof count) || count == 0)
      return {};
    return static_cast<double>(count);
  }

 private:
  int descriptor_ = -1;
};

// Even the call that ends the counting is instructions.
bool perf_works() {
  Counter counter;
  if (!counter.works()) return false;
  counter.start();
  return counter.stop().has_value();
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "" : path;
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    if (::access((fs::path(folders.substr(begin, end - begin)) / program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

struct Said {
  int code = -1;
  std::string out, err;
};

// Runs a program of the path and waits for it; what it says goes through files of a directory that is removed.
Said run_program(const std::vector<std::string>& words) {
  std::string folder = (fs::temp_directory_path() / "apical-count-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw Error(folder, "cannot be made.");
  const std::string out = folder + "/out", err = folder + "/err";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [number, path] : {std::pair{STDOUT_FILENO, &out}, std::pair{STDERR_FILENO, &err}})
    posix_spawn_file_actions_addopen(&actions, number, path->c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t process = 0;
  Said said;
  if (posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ) == 0) {
    int status = 0;
    waitpid(process, &status, 0);
    said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  posix_spawn_file_actions_destroy(&actions);
  const auto text = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  said.out = text(out);
  said.err = text(err);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return said;
}

InstructionCount under_callgrind(const std::string& workload, bool float64, const std::string& kernels,
                                 const std::string& program, int runs) {
  const Said said = run_program({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program,
                                 "bench", workload, "--precision", float64 ? "float64" : "float32",
                                 "--kernels", kernels, "--count-runs", std::to_string(runs)});
  const std::optional<double> total = callgrind_total(said.err);
  if (said.code != 0 || !total) {
    throw Error("bench",
                fmt::format("valgrind could not count the instructions of {}: {}", workload,
                            said.err.substr(0, said.err.find("\n==") + 1)),
                "Leave the counting out with --no-instructions.");
  }
  return {*total, said.out.substr(0, said.out.find('\n'))};
}

}  // namespace

WorkloadOptions counted_options(bool float64) {
  return {.batch = 32, .steps = 12, .threads = 1, .float64 = float64};
}

InstructionCounter instruction_counter() {
  if (perf_works()) return {kPerf, ""};
  if (on_path("valgrind")) return {kCallgrind, ""};
  return {"", "the kernel does not allow perf_event counters here, and valgrind is not installed."};
}

std::optional<double> callgrind_total(const std::string& said) {
  const std::size_t found = said.find("Collected :");
  double total = 0;
  if (found == std::string::npos || std::sscanf(said.c_str() + found, "Collected : %lf", &total) != 1 ||
      !(total > 0))
    return {};
  return total;
}

void run_for_counting(const std::string& workload, bool float64, int runs) {
  const auto step = make_workload(workload, counted_options(float64));
  for (int i = 0; i < runs; ++i) step->run();
  fmt::print("{}\n", kernels_in_use());
}

InstructionCount count_instructions(const InstructionCounter& counter, const std::string& workload,
                                    bool float64, const std::string& kernels, const std::string& program) {
  if (counter.name == kCallgrind) {
    // what only the start costs drops out of the difference
    const InstructionCount one = under_callgrind(workload, float64, kernels, program, 1);
    const InstructionCount three = under_callgrind(workload, float64, kernels, program, 3);
    return {(three.instructions - one.instructions) / 2, one.kernels};
  }
  Counter processor;
  const auto step = make_workload(workload, counted_options(float64));
  processor.start();
  step->run();
  const std::optional<double> total = processor.stop();
  if (!total) throw Error("bench", "the processor's counter stopped while " + workload + " ran.");
  return {*total, kernels_in_use()};
}

}  // namespace apical::workloads
