// The updates of the forward weights: Deep Feedback Control in its variants, and direct feedback alignment.
#include <limits>
#include <map>
#include <optional>

#include "apical/rule.h"
#include "parity/checks.h"
#include "parity/clipping.h"
#include "parity/recording.h"
#include "parity/reference_updates.h"
#include "probes/alignment.h"

namespace apical::parity {
namespace {

// A key "DFC_efficient|voltage_difference|only_converged" of the file, in the engine's words.
struct Variant {
  std::string_view rule;
  Overrides settings;
  bool streaming = false;  // counts samples as the authors' streaming controller does
  bool each_step = false;  // at every state
  bool everyone = true;    // samples that did not converge take part
};

std::optional<Variant> variant_of(const std::string& key) {
  static const std::map<std::string, Variant, std::less<>> kVariants = {
      {"DFC", {"dfc", {{"bookkeeping", "stored"}}}},
      {"DFC_efficient", {"dfc", {{"bookkeeping", "streaming"}}, true, true}},
      {"DFC-SS", {"dfc-ss", {{"bookkeeping", "stored"}}}},
      {"DFC-SS_efficient", {"dfc-ss", {{"bookkeeping", "streaming"}}, true}},
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
  chosen.everyone = mask->second;
  return chosen;
}

// Converged, diverged and neither, at the end of the settling.
std::vector<double> counts_of(const std::vector<Settled>& samples, std::size_t batch) {
  std::vector<double> counts(3);
  for (std::size_t row = 0; row < batch; ++row) {
    counts[0] += samples[row].converged;
    counts[1] += samples[row].diverged;
    counts[2] += !samples[row].converged && !samples[row].diverged;
  }
  return counts;
}

void compare_counts(const Bench& bench, const Field& entry, const std::vector<double>& ours) {
  const auto field = entry.find("n_converged_diverged_neither");
  if (!field || field->is_null()) return;
  const auto theirs = field->wholes(3);
  Comparison comparison = Comparison::of_counts(field->path());
  comparison.add(ours, std::vector<double>(theirs.begin(), theirs.end()));
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

// Angles of what was proposed to the updates that the file names.
void compare_angles(const Bench& bench, const Field& entry, const GroupDelta<double>& proposed,
                    ReferenceUpdates& updates) {
  const auto against = [&](const Engine& other) {
    return compare_updates(proposed, other.minibatch().delta_of("forward"));
  };
  if (const auto total = entry.find("angle_deg_total")) {
    for (const std::string& name : total->keys()) {
      const Field field = total->at(name);
      const Engine* other = updates.named(name);
      if (other == nullptr) {
        bench.results.push_back(skipped(field.path(), "unknown"));
        continue;
      }
      Comparison comparison = Comparison::of_angles(field.path());
      comparison.add(std::vector{against(*other).network.angle()}, std::vector{angle_of(field)});
      bench.report(comparison);
    }
  }
  if (const auto layers = entry.find("angle_deg_bp_per_layer_W")) {
    std::vector<double> angles, theirs;
    for (const auto& layer : against(*updates.named("bp")).layers) angles.push_back(layer.angle());
    for (const Field& field : layers->items(bench.example.depth())) theirs.push_back(angle_of(field));
    Comparison comparison = Comparison::of_angles(layers->path());
    comparison.add(angles, theirs);
    bench.report(comparison);
  }
}

// The engine leaves a sample out by its own first error. Where the authors' comparison with the first
// sample's output decides otherwise, their steady-state update is one of other samples.
bool leaves_out_others(const Variant& variant, const StreamingCounts& theirs,
                       const std::vector<Settled>& ours) {
  if (!variant.streaming || variant.each_step || variant.everyone) return false;
  for (std::size_t row = 0; row < theirs.converged().size(); ++row) {
    if (theirs.converged()[row] != ours[row].converged) return true;
  }
  return false;
}

// The minibatch with one of its samples, whose target stays where it is: the target step is shared by all samples.
Case alone(const Case& example, std::size_t row) {
  const auto only = [row](auto& values, std::size_t units) {
    if (values.empty()) return;
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * units);
    values = {first, first + static_cast<std::ptrdiff_t>(units)};
  };
  Case one = example;
  one.batch = 1;
  one.hyper.lam /= static_cast<double>(example.batch);
  only(one.x, one.units.front());
  only(one.y, one.outputs());
  only(one.labels, 1);
  return one;
}

// What the chosen samples alone propose, as a mean over the whole minibatch.
GroupDelta<double> proposed_by(const Bench& bench, const Variant& variant, const std::vector<bool>& chosen) {
  GroupDelta<double> sum;
  const auto add = [&](std::vector<Buffer<double>>& to, const std::vector<Buffer<double>>& from,
                       double weight) {
    to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (to[i].empty()) to[i] = Buffer<double>(from[i].size());
      for (std::size_t k = 0; k < from[i].size(); ++k) to[i][k] += weight * from[i][k];
    }
  };
  for (std::size_t row = 0; row < chosen.size(); ++row) {
    const Case one = alone(bench.example, row);
    Engine engine(one, bench.where(), "dfc", one.Q);
    Overrides settings = variant.settings;
    settings.emplace_back("include_non_converged", true);
    engine.run(variant.rule, settings);
    const GroupDelta<double>& delta = engine.minibatch().delta_of("forward");
    const double weight = chosen[row] ? 1 / static_cast<double>(chosen.size()) : 0;
    add(sum.weights, delta.weights, weight);
    add(sum.bias, delta.bias, weight);
  }
  return sum;
}

void check_update(const Bench& bench, Engine& engine, ReferenceUpdates& updates, const std::string& key) {
  const Field entries = bench.root().at("forward_updates"), entry = entries.at(key);
  const auto variant = variant_of(key);
  if (!variant) {
    bench.results.push_back(skipped(entry.path(), "unknown variant, plasticity or mask"));
    return;
  }
  StreamingCounts streaming(bench.example);
  engine.set_observer(variant->streaming ? &streaming : nullptr);
  engine.run(variant->rule, variant->settings);
  engine.set_observer(nullptr);

  const auto& settled = engine.minibatch().state().settled;
  const auto counts = !variant->streaming  ? counts_of(settled, bench.example.batch)
                      : variant->each_step ? streaming.all_states()
                                           : streaming.last_state();
  compare_counts(bench, entry, counts);
  GroupDelta<double> theirs;
  const bool others = leaves_out_others(*variant, streaming, settled);
  if (others) theirs = proposed_by(bench, *variant, streaming.converged());
  const GroupDelta<double>& proposed = others ? theirs : engine.minibatch().delta_of("forward");
  bench.compare_parameters(entry.path() + ".grad", gradient_of(entries, key),
                           engine.gradient("forward", proposed));
  compare_angles(bench, entry, proposed, updates);
}

}  // namespace

void check_forward_updates(const Bench& bench, ReferenceUpdates& updates) {
  Engine engine(bench.example, bench.where(), "dfc", bench.example.Q);
  for (const std::string& key : bench.root().at("forward_updates").keys())
    check_update(bench, engine, updates, key);
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
