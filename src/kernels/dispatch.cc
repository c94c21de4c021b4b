// Which table of kernels runs.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apical/error.h"
#include "kernels/counting.h"
#include "kernels/kernels.h"
#include "kernels/reference/reference.h"
#include "kernels/simd/bfloat16_unit.h"
#include "kernels/simd/table.h"

namespace apical {
namespace {

// The instruction set's name where its unit for bfloat16 is used.
constexpr std::string_view kUnitSuffix = "_BF16";

struct Choice {
  const Kernels<float>* single;
  const Kernels<double>* twice;
  const PairKernels* pairs;
  std::string name;
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

std::string name_with_unit() { return fmt::format("{}{}", instruction_set_name(HWY_AVX3), kUnitSuffix); }

Choice choose(std::string_view name, Factors factors) {
  const std::vector<std::int64_t> targets = usable_targets();
  if (name == "reference") {
    hwy::GetChosenTarget().Update(baseline_target());
    return {&reference::table<float>(), &reference::table<double>(), &reference::pair_table(), "reference"};
  }
  const bool unit = bfloat16_unit() != nullptr &&
                    (name == name_with_unit() || (name == "auto" && factors == Factors::bfloat16));
  const auto found = name == "auto" && !unit
                         ? targets.begin()
                         : std::find_if(targets.begin(), targets.end(), [&](std::int64_t target) {
                             return unit ? target == HWY_AVX3 : name == instruction_set_name(target);
                           });
  if (found == targets.end()) {
    std::vector<std::string> valid = available_kernels();
    valid.emplace_back("auto");
    throw unknown_choice("kernels", "instruction set", name, valid);
  }
  hwy::GetChosenTarget().Update(*found);
  const KernelTables* tables = chosen_tables();
  return {&tables->single, &tables->twice, unit ? bfloat16_unit() : &tables->pairs,
          unit ? name_with_unit() : instruction_set_name(*found)};
}

Choice& current() {
  static Choice choice = choose("auto", Factors::full);
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

const PairKernels& pair_kernels() { return *current().pairs; }

void use_kernels(std::string_view name, Factors factors) {
  Choice& choice = current();
  choice = choose(name, factors);
}

std::vector<std::string> available_kernels() {
  std::vector<std::string> names;
  for (const std::int64_t target : usable_targets()) {
    names.emplace_back(instruction_set_name(target));
    if (target == HWY_AVX3 && bfloat16_unit() != nullptr) names.push_back(name_with_unit());
  }
  names.emplace_back("reference");
  return names;
}

std::string kernels_in_use() { return current().name; }

bool reference_kernels() { return current().name == "reference"; }

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
  choice.pairs = &counting_table(*choice.pairs);
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
