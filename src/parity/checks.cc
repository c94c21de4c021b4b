#include "parity/checks.h"

#include <fmt/format.h>

namespace apical::parity {
namespace {

std::string layer_name(std::size_t index) { return fmt::format("layer {}", index + 1); }

}  // namespace

void Bench::compare(const Field& field, const std::vector<double>& ours,
                    std::initializer_list<std::size_t> shape) const {
  Comparison comparison = Comparison::of_numbers(field.path(), tolerance);
  comparison.add(ours, field.numbers(shape));
  report(comparison);
}

void Bench::compare_layers(const Field& field, const Matrices& ours) const {
  Comparison comparison = Comparison::of_numbers(field.path(), tolerance);
  const auto layers = field.items(example.depth());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    comparison.add(ours[i], layers[i].numbers({example.batch, example.units[i + 1]}), layer_name(i));
  }
  report(comparison);
}

void Bench::compare_matrices(const Field& field, const Matrices& ours, bool feedback) const {
  Comparison comparison = Comparison::of_numbers(field.path(), tolerance);
  const auto layers = field.items(ours.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::size_t n_in = feedback ? example.outputs() : example.units[i];
    comparison.add(ours[i], layers[i].numbers({example.units[i + 1], n_in}), layer_name(i));
  }
  report(comparison);
}

void Bench::compare_parameters(const std::string& name, const Field& field, const Gradient& ours) const {
  Comparison comparison = Comparison::of_numbers(name, tolerance);
  const auto w = field.at("W").items(example.depth());
  for (std::size_t i = 0; i < w.size(); ++i) {
    comparison.add(ours.W[i], w[i].numbers({example.units[i + 1], example.units[i]}),
                   fmt::format("W{}", i + 1));
  }
  const auto bias = field.find("b");
  if (bias && !bias->is_null() && ours.b.empty())
    bias->reject("null, because the network has no biases,", "a value");
  if (!ours.b.empty()) {
    const auto b = field.at("b").items(example.depth());
    for (std::size_t i = 0; i < b.size(); ++i)
      comparison.add(ours.b[i], b[i].numbers({example.units[i + 1]}), fmt::format("b{}", i + 1));
  }
  report(comparison);
}

}  // namespace apical::parity
