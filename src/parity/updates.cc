// The updates of the forward weights: Deep Feedback Control in its variants, and direct feedback alignment.
#include <limits>
#include <map>
#include <optional>

#include "apical/rule.h"
#include "parity/checks.h"
#include "parity/clipping.h"
#include "parity/recording.h"
#include "probes/alignment.h"

namespace apical::parity {
namespace {

// A key "DFC_efficient|voltage_difference|only_converged" of the file, in the engine's words.
struct Variant {
  std::string_view rule;
  Overrides settings;
  bool each_step = false;  // counts samples at every state
};

std::optional<Variant> variant_of(const std::string& key) {
  static const std::map<std::string, Variant, std::less<>> kVariants = {
      {"DFC", {"dfc", {{"bookkeeping", "stored"}}}},
      {"DFC_efficient", {"dfc", {{"bookkeeping", "streaming"}}, true}},
      {"DFC-SS", {"dfc-ss", {{"bookkeeping", "stored"}}}},
      {"DFC-SS_efficient", {"dfc-ss", {{"bookkeeping", "streaming"}}}},
      {"DFC-SSA", {"dfc-ssa", {}}},
  };
  static const std::map<std::string, std::string, std::less<>> kPlasticity = {
      {"nonlinear_difference", "rates"},
      {"voltage_difference", "voltages"},
      {"derivative_matrix", "linearised"}};
  static const std::map<std::string, bool, std::less<>> kMasks = {{"all_samples", true},
                                                                  {"only_converged", false}};

  const std::size_t first = key.find('|'), last = key.rfind('|');
  if (first == std::string::npos || first == last) return std::nullopt;
  const auto variant = kVariants.find(key.substr(0, first));
  const auto plasticity = kPlasticity.find(key.substr(first + 1, last - first - 1));
  const auto mask = kMasks.find(key.substr(last + 1));
  if (variant == kVariants.end() || plasticity == kPlasticity.end() || mask == kMasks.end())
    return std::nullopt;
  Variant chosen = variant->second;
  chosen.settings.emplace_back("plasticity", plasticity->second);
  chosen.settings.emplace_back("include_non_converged", mask->second);
  return chosen;
}

void compare_counts(const Bench& bench, const Field& field, const Engine& engine, const StepCounts* steps) {
  double converged = 0, diverged = 0, neither = 0;
  for (std::size_t row = 0; row < bench.example.batch; ++row) {
    const Settled& settled = engine.minibatch().state().settled[row];
    converged += settled.converged;
    diverged += settled.diverged;
    neither += !settled.converged && !settled.diverged;
  }
  if (steps != nullptr) {
    // the authors' streaming controller counts at every step, and once more when it is done
    converged += static_cast<double>(steps->converged);
    diverged += static_cast<double>(steps->diverged);
    neither += static_cast<double>(steps->neither);
  }
  const auto theirs = field.wholes(3);
  Comparison comparison = Comparison::of_counts(field.path());
  comparison.add(std::vector{converged, diverged, neither},
                 std::vector<double>(theirs.begin(), theirs.end()));
  bench.report(comparison);
}

// The gradient of an entry, or of the entry that it names as identical.
Field gradient_of(const Field& updates, std::string key) {
  for (std::size_t hop = 0; hop < updates.keys().size(); ++hop) {
    const auto same = updates.at(key).find("grad_identical_to");
    if (!same) return updates.at(key).at("grad");
    key = same->text();
  }
  updates.at(key).at("grad_identical_to").reject("an entry with a gradient", "a circle");
}

double angle_of(const Field& field) {
  return field.is_null() ? std::numeric_limits<double>::quiet_NaN() : field.number();
}

void compare_angles(const Bench& bench, const Field& entry, const UpdateComparison& ours) {
  if (const auto total = entry.find("angle_deg_total")) {
    for (const std::string& other : total->keys()) {
      const Field field = total->at(other);
      if (other != "bp") {
        bench.results.push_back(skipped(field.path(), kWaitsForTheory));
        continue;
      }
      Comparison comparison = Comparison::of_angles(field.path());
      comparison.add(std::vector{ours.network.angle()}, std::vector{angle_of(field)});
      bench.report(comparison);
    }
  }
  if (const auto layers = entry.find("angle_deg_bp_per_layer_W")) {
    std::vector<double> angles, theirs;
    for (const auto& layer : ours.layers) angles.push_back(layer.angle());
    for (const Field& field : layers->items(bench.example.depth())) theirs.push_back(angle_of(field));
    Comparison comparison = Comparison::of_angles(layers->path());
    comparison.add(angles, theirs);
    bench.report(comparison);
  }
}

}  // namespace

void check_forward_updates(const Bench& bench) {
  const Case& example = bench.example;
  Engine backprop(example, bench.where(), "dfc", example.Q), engine(example, bench.where(), "dfc", example.Q);
  backprop.run("backprop");
  const Field updates = bench.root().at("forward_updates");
  for (const std::string& key : updates.keys()) {
    const Field entry = updates.at(key);
    const auto variant = variant_of(key);
    if (!variant) {
      bench.results.push_back(skipped(entry.path(), "unknown variant, plasticity or mask"));
      continue;
    }
    StepCounts steps;
    engine.set_observer(variant->each_step ? &steps : nullptr);
    engine.run(variant->rule, variant->settings);

    bench.compare_parameters(entry.path() + ".grad", gradient_of(updates, key), engine.gradient());
    if (const auto counts = entry.find("n_converged_diverged_neither"); counts && !counts->is_null()) {
      compare_counts(bench, *counts, engine, variant->each_step ? &steps : nullptr);
    }
    compare_angles(
        bench, entry,
        compare_updates(engine.minibatch().delta_of("forward"), backprop.minibatch().delta_of("forward")));
  }
}

void check_dfa(const Bench& bench) {
  const Case& example = bench.example;
  const auto field = bench.root().find("dfa");
  if (!field) return;
  Matrices feedback;
  for (const Field& matrix : field->at("feedback_weights").items(example.depth() - 1)) {
    feedback.push_back(matrix.numbers({example.units[feedback.size() + 1], example.outputs()}));
  }
  field->find("note");
  Engine engine(example, bench.where(), "dfa", feedback);
  engine.run("dfa", {{"convention", "dfc2021"}});
  // the authors' code clips every tensor of this rule to norm 1
  bench.compare_parameters(field->at("grad"), clipped(engine.gradient(), Clipping::per_tensor, 1));
}

}  // namespace apical::parity
