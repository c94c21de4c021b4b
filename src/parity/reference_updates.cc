#include "parity/reference_updates.h"

#include <charconv>

namespace apical::parity {
namespace {

constexpr const char* kMinimumNorm = "mn_update_damping";

struct Run {
  std::string rule;
  Overrides settings;
};

Run minimum_norm(double damping, const std::string& form) {
  return {"mn", {{"reading", "code"}, {"target_step", 1.0}, {"damping", damping}, {"form", form}}};
}

// "linear" and "nonlinear" without damping, or "damping0.1_linear".
std::optional<Run> minimum_norm_named(const std::string& name) {
  const std::size_t bar = name.rfind('_');
  const std::string form = bar == std::string::npos ? name : name.substr(bar + 1);
  if (form != "linear" && form != "nonlinear") return std::nullopt;
  if (bar == std::string::npos) return minimum_norm(0, form);
  const auto damping = number_after("damping", name.substr(0, bar));
  if (!damping) return std::nullopt;
  return minimum_norm(*damping, form);
}

std::optional<Run> run_named(const std::string& name) {
  if (name == "bp") return Run{"backprop", {}};
  if (const auto damping = number_after("gn_damping", name))
    return Run{"gn", {{"reading", "code"}, {"target_step", 1.0}, {"samples", "each"}, {"damping", *damping}}};
  if (name.starts_with("mn_")) return minimum_norm_named(name.substr(3));
  return std::nullopt;
}

}  // namespace

std::optional<double> number_after(const std::string& prefix, const std::string& name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  double value = 0;
  const char *first = name.data() + prefix.size(), *last = name.data() + name.size();
  const auto [end, error] = std::from_chars(first, last, value);
  if (error != std::errc() || end != last || !(value >= 0)) return std::nullopt;
  return value;
}

const Engine* ReferenceUpdates::named(const std::string& name) {
  if (const auto found = engines_.find(name); found != engines_.end()) return found->second.get();
  const auto run = run_named(name);
  if (!run) return nullptr;
  auto engine = std::make_unique<Engine>(bench_.example, bench_.where(), "dfc", bench_.example.Q);
  engine->run(run->rule, run->settings);
  return engines_.emplace(name, std::move(engine)).first->second.get();
}

void check_reference_updates(const Bench& bench, ReferenceUpdates& updates) {
  const auto compare = [&](const Field& field, const std::string& name) {
    const Engine* engine = updates.named(name);
    if (engine == nullptr) {
      bench.results.push_back(skipped(field.path(), "unknown"));
    } else {
      bench.compare_parameters(field, engine->gradient());
    }
  };
  if (const auto field = bench.root().find("gn_update")) {
    for (const std::string& damping : field->keys()) compare(field->at(damping), "gn_damping" + damping);
  }
  for (const std::string& key : bench.root().keys()) {
    if (!number_after(kMinimumNorm, key)) continue;
    const Field field = bench.root().at(key);
    for (const std::string& form : field.keys())
      compare(field.at(form), "mn_damping" + key.substr(std::string(kMinimumNorm).size()) + "_" + form);
  }
}

}  // namespace apical::parity
