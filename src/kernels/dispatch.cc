// Which table of kernels runs.
#include <algorithm>
#include <utility>

#include "apical/error.h"
#include "kernels/counting.h"
#include "kernels/kernels.h"
#include "kernels/reference/reference.h"
#include "kernels/simd/table.h"

namespace apical {
namespace {

struct Choice {
  const Kernels<float>* single;
  const Kernels<double>* twice;
  bool reference;
};

// Instruction sets that this processor has and this build carries, best first: the lower bit is the better
// one.
std::vector<std::int64_t> usable_targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t left = compiled_targets() & (hwy::SupportedTargets() | baseline_target()); left;
       left &= left - 1)
    targets.push_back(left & -left);
  return targets;
}

Choice choose(std::string_view name) {
  const std::vector<std::int64_t> targets = usable_targets();
  if (name == "reference") {
    hwy::GetChosenTarget().Update(baseline_target());
    return {&reference::table<float>(), &reference::table<double>(), true};
  }
  const auto found = name == "auto"
                         ? targets.begin()
                         : std::find_if(targets.begin(), targets.end(), [name](std::int64_t target) {
                             return name == instruction_set_name(target);
                           });
  if (found == targets.end()) {
    std::vector<std::string> valid = available_kernels();
    valid.emplace_back("auto");
    throw unknown_choice("kernels", "instruction set", name, valid);
  }
  hwy::GetChosenTarget().Update(*found);
  const KernelTables* tables = chosen_tables();
  return {&tables->single, &tables->twice, false};
}

Choice& current() {
  static Choice choice = choose("auto");
  return choice;
}

}  // namespace

template <>
const Kernels<float>& kernels<float>() {
  return *current().single;
}

template <>
const Kernels<double>& kernels<double>() {
  return *current().twice;
}

void use_kernels(std::string_view name) {
  Choice& choice = current();
  choice = choose(name);
}

std::vector<std::string> available_kernels() {
  std::vector<std::string> names;
  for (const std::int64_t target : usable_targets()) names.emplace_back(instruction_set_name(target));
  names.emplace_back("reference");
  return names;
}

std::string kernels_in_use() { return current().single->name; }

bool reference_kernels() { return current().reference; }

namespace {

// The table behind the counting one, while it counts.
Choice& uncounted() {
  static Choice choice{};
  return choice;
}

}  // namespace

CountedSpan::CountedSpan() {
  Choice& choice = current();
  uncounted() = choice;
  choice.single = &counting_table(*choice.single);
  choice.twice = &counting_table(*choice.twice);
  profile::start();
}

CountedSpan::~CountedSpan() { stop(); }

profile::Account CountedSpan::stop() {
  const profile::Account account = profile::stop();
  if (counting_) current() = uncounted();
  counting_ = false;
  return account;
}

}  // namespace apical
