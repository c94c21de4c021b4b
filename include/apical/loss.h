// Losses ℒ per sample, and their conventions: this is the only place where factors of a loss are decided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace apical {

enum class Loss {
  cross_entropy,  // −log softmax(r_L)[y];               ∂ℒ/∂r_L = softmax(r_L) − onehot(y)
  mean_squared_error,  // mean over outputs of (r_L − y)²;    ∂ℒ/∂r_L = 2 (r_L − y) / n_L     (PyTorch's MSELoss)
  half_squared_error,  // ½ Σ (r_L − y)²;                     ∂ℒ/∂r_L = r_L − y
};

const std::string& to_string(Loss loss);
Loss loss_named(std::string_view name, const std::string& where);
std::span<const std::string> loss_names();

// What one sample's output costs.
template <class T>
struct LossValue {
  double loss;
  bool correct;  // classification: the largest output is the label's; regression: always false
};

// One sample: r [n_L] is the output, gradient [n_L] receives ∂ℒ/∂r_L. Formed without cancellation: 1 − p of the true class is the sum of
// the others. label: 0 … n_L−1, or −1 for regression, where target [n_L] holds y. Squared errors of a classifier take y = onehot(label).
template <class T>
LossValue<T> loss_of(Loss loss, const T* r, std::size_t n, std::int32_t label, const T* target, T* gradient);

}  // namespace apical
