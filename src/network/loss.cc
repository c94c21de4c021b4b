#include "apical/loss.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "apical/error.h"

namespace apical {
namespace {

const std::array<std::string, 3> kNames = {"cross-entropy", "mean-squared-error", "half-squared-error"};

template <class T>
LossValue<T> cross_entropy(const T* r, std::size_t n, std::size_t label, T* gradient) {
  const double top = static_cast<double>(*std::max_element(r, r + n));
  double others = 0;  // Σ over the wrong classes of exp(r − top)
  for (std::size_t j = 0; j < n; ++j) {
    if (j != label) others += std::exp(static_cast<double>(r[j]) - top);
  }
  const double own = std::exp(static_cast<double>(r[label]) - top);
  const double total = own + others;
  for (std::size_t j = 0; j < n; ++j)
    gradient[j] = static_cast<T>(std::exp(static_cast<double>(r[j]) - top) / total);
  gradient[label] = static_cast<T>(-others / total);
  // −log(own / total) = log1p(others / own), exact also when the loss is tiny
  const double loss =
      own > 0 ? std::log1p(others / own) : std::log(total) + top - static_cast<double>(r[label]);
  return {loss, false};
}

template <class T>
LossValue<T> squared_error(const T* r, std::size_t n, std::int32_t label, const T* target, double scale,
                           T* gradient) {
  double sum = 0;
  for (std::size_t j = 0; j < n; ++j) {
    const T y = label >= 0 ? static_cast<T>(j == static_cast<std::size_t>(label)) : target[j];
    const double difference = static_cast<double>(r[j]) - static_cast<double>(y);
    sum += difference * difference;
    gradient[j] = static_cast<T>(2 * scale * difference);
  }
  return {scale * sum, false};
}

}  // namespace

const std::string& to_string(Loss loss) { return kNames[static_cast<std::size_t>(loss)]; }

std::span<const std::string> loss_names() { return kNames; }

Loss loss_named(std::string_view name, const std::string& where) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) throw unknown_choice(where, "loss", name, kNames);
  return static_cast<Loss>(found - kNames.begin());
}

template <class T>
LossValue<T> loss_of(Loss loss, const T* r, std::size_t n, std::int32_t label, const T* target, T* gradient) {
  LossValue<T> value{};
  switch (loss) {
    case Loss::cross_entropy:
      value = cross_entropy(r, n, static_cast<std::size_t>(label), gradient);
      break;
    case Loss::mean_squared_error:
      value = squared_error(r, n, label, target, 1.0 / static_cast<double>(n), gradient);
      break;
    case Loss::half_squared_error:
      value = squared_error(r, n, label, target, 0.5, gradient);
      break;
  }
  value.correct = label >= 0 && std::max_element(r, r + n) - r == label && std::isfinite(value.loss);
  return value;
}

template LossValue<float> loss_of(Loss, const float*, std::size_t, std::int32_t, const float*, float*);
template LossValue<double> loss_of(Loss, const double*, std::size_t, std::int32_t, const double*, double*);

}  // namespace apical
