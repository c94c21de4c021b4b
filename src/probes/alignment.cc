#include "probes/alignment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "network/matrix.h"

namespace apical {
namespace {

template <class T>
Comparison compare_arrays(const Buffer<T>& a, const Buffer<T>& b) {
  Comparison comparison;
  for (std::size_t i = 0; i < a.size(); ++i)
    comparison.add(static_cast<double>(a[i]), static_cast<double>(b[i]));
  return comparison;
}

}  // namespace

double Comparison::angle() const {
  if (!(aa > 0 && bb > 0)) return std::numeric_limits<double>::quiet_NaN();
  const long double cosine = std::clamp(ab / (std::sqrt(aa) * std::sqrt(bb)), -1.0L, 1.0L);
  return static_cast<double>(std::acos(cosine) * 180 / std::numbers::pi_v<long double>);
}

double Comparison::ratio() const {
  if (!(bb > 0)) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(std::sqrt(aa / bb));
}

template <class T>
UpdateComparison compare_updates(const GroupDelta<T>& a, const GroupDelta<T>& b) {
  UpdateComparison result;
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    const Comparison weights = compare_arrays(a.weights[i], b.weights[i]);
    result.layers.push_back(weights);
    result.network.add(weights);
    result.network.add(compare_arrays(a.bias[i], b.bias[i]));
  }
  return result;
}

template <class T>
std::vector<Comparison> compare_feedback(const Network<T>& network, const WeightGroup& group) {
  std::vector<Comparison> layers;
  const std::size_t depth = network.depth();
  const bool chain = group.wiring == Wiring::backward_chain;
  RowMajor path;
  for (std::size_t i = depth - 1; i >= 1; --i) {
    const RowMajor above = as_matrix(network.weights(i + 1));
    path = chain || path.size() == 0 ? RowMajor(above.transpose()) : RowMajor(above.transpose() * path);
    const RowMajor feedback = as_matrix(network.weights(group.name, i));
    Comparison comparison;
    for (Eigen::Index k = 0; k < feedback.size(); ++k) comparison.add(feedback.data()[k], path.data()[k]);
    layers.insert(layers.begin(), comparison);
  }
  return layers;
}

template UpdateComparison compare_updates(const GroupDelta<float>&, const GroupDelta<float>&);
template UpdateComparison compare_updates(const GroupDelta<double>&, const GroupDelta<double>&);
template std::vector<Comparison> compare_feedback(const Network<float>&, const WeightGroup&);
template std::vector<Comparison> compare_feedback(const Network<double>&, const WeightGroup&);

}  // namespace apical
