#include "workloads/instructions.h"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "apical/error.h"
#include "core/process.h"
#include "kernels/kernels.h"

namespace apical::workloads {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPerf = "perf";
constexpr const char* kCallgrind = "callgrind";
constexpr const char* kValgrind = "valgrind";

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

// What a child prints before the name of the kernels that it ran.
constexpr std::string_view kRan = "kernels: ";
// The function whose instructions callgrind collects, and no others.
constexpr const char* kCounted = "apical::workloads::counted_run*";
// An emulated step takes seconds; a child that hangs has to end.
constexpr double kMostSeconds = 300;

InstructionCount under_callgrind(const std::string& workload, const std::string& precision,
                                 const std::string& kernels, const std::string& program) {
  std::string folder = (fs::temp_directory_path() / "apical-count-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw Error(folder, "cannot be made.");
  const fs::path log = fs::path(folder) / "log";
  const ProcessEnd end = run_process(find_program(kValgrind),
                                     {kValgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                      std::string("--toggle-collect=") + kCounted, program, "bench", workload,
                                      "--precision", precision, "--kernels", kernels, "--count-run"},
                                     folder, log, kMostSeconds);
  std::ifstream file(log);
  const std::string said(std::istreambuf_iterator<char>(file), {});
  const std::string why = last_words(log);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  const std::optional<double> total = callgrind_total(said);
  const std::size_t ran = said.find(kRan);
  if (end.code != 0 || !total || ran == std::string::npos) {
    throw Error("bench", fmt::format("valgrind could not count the instructions of {}: {}", workload, why),
                "Leave the counting out with --no-instructions.");
  }
  const std::size_t name = ran + kRan.size();
  return {*total, said.substr(name, said.find('\n', name) - name)};
}

}  // namespace

WorkloadOptions counted_options(const std::string& precision) {
  return {.batch = 32, .steps = 12, .threads = 1, .precision = precision};
}

InstructionCounter instruction_counter() {
  if (perf_works()) return {kPerf, ""};
  if (!find_program(kValgrind).empty()) return {kCallgrind, ""};
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

// A function of its own, which callgrind finds by its name: not inlined, and left by a return.
[[gnu::noinline]] void counted_run(Workload& step) {
  step.run();
  __asm__ volatile("");
}

void run_for_counting(const std::string& workload, const std::string& precision) {
  const auto step = make_workload(workload, counted_options(precision));
  step->run();  // finds its memory
  counted_run(*step);
  fmt::print("{}{}\n", kRan, kernels_in_use());
}

InstructionCount count_instructions(const InstructionCounter& counter, const std::string& workload,
                                    const std::string& precision, const std::string& kernels,
                                    const std::string& program) {
  if (counter.name == kCallgrind) return under_callgrind(workload, precision, kernels, program);
  Counter processor;
  const auto step = make_workload(workload, counted_options(precision));
  step->run();  // finds its memory
  processor.start();
  counted_run(*step);
  const std::optional<double> total = processor.stop();
  if (!total) throw Error("bench", "the processor's counter stopped while " + workload + " ran.");
  return {*total, kernels_in_use()};
}

}  // namespace apical::workloads
