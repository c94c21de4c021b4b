#include "apical/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apical/error.h"
#include "optim/update.h"

namespace apical {
namespace {

bool has_first_moment(OptimizerAlgorithm algorithm) {
  return algorithm != OptimizerAlgorithm::sgd && algorithm != OptimizerAlgorithm::rmsprop;
}

bool has_second_moment(OptimizerAlgorithm algorithm) {
  return algorithm == OptimizerAlgorithm::adam || algorithm == OptimizerAlgorithm::adamw ||
         algorithm == OptimizerAlgorithm::rmsprop;
}

// PyTorch's clip_grad_norm_.
double clipping_factor(const OptimizerSettings& settings, double sum_of_squares) {
  return std::min(1.0, settings.clip_norm / (std::sqrt(sum_of_squares) + 1e-6));
}

template <class T>
StepNumbers<T> step_numbers(const OptimizerSettings& s, double rate, double decay, double clip,
                            std::int64_t steps) {
  const bool decoupled = s.algorithm == OptimizerAlgorithm::adamw;
  StepNumbers<T> numbers{};
  numbers.clip = static_cast<T>(clip);
  numbers.decay = static_cast<T>(decoupled ? 0 : decay);
  numbers.l1 = static_cast<T>(s.l1);
  numbers.rate = static_cast<T>(rate);
  numbers.keep = static_cast<T>(decoupled ? 1 - rate * decay : 1);
  numbers.epsilon = static_cast<T>(s.epsilon);
  switch (s.algorithm) {
    case OptimizerAlgorithm::sgd:
      break;
    case OptimizerAlgorithm::momentum:
    case OptimizerAlgorithm::nesterov:
      numbers.first = static_cast<T>(s.momentum);
      break;
    case OptimizerAlgorithm::adam:
    case OptimizerAlgorithm::adamw:
      numbers.first = static_cast<T>(s.beta1);
      numbers.first_new = static_cast<T>(1 - s.beta1);
      numbers.second = static_cast<T>(s.beta2);
      numbers.second_new = static_cast<T>(1 - s.beta2);
      numbers.rate = static_cast<T>(rate / (1 - std::pow(s.beta1, static_cast<double>(steps))));
      numbers.root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(s.beta2, static_cast<double>(steps))));
      break;
    case OptimizerAlgorithm::rmsprop:
      numbers.second = static_cast<T>(s.alpha);
      numbers.second_new = static_cast<T>(1 - s.alpha);
      break;
  }
  return numbers;
}

}  // namespace

template <class T>
Optimizer<T>::Optimizer(OptimizerSettings settings, std::vector<Tensor<T>> tensors)
    : settings_(std::move(settings)),
      tensors_(std::move(tensors)),
      clip_(tensors_.size(), 1.0),
      numbers_(tensors_.size()) {
  std::size_t layers = 0;
  for (const Tensor<T>& tensor : tensors_) {
    layers = std::max(layers, static_cast<std::size_t>(tensor.layer) + 1);
    first_.emplace_back(has_first_moment(settings_.algorithm) ? tensor.count : 0);
    second_.emplace_back(has_second_moment(settings_.algorithm) ? tensor.count : 0);
  }
  if (settings_.decay == Decay::homeostatic) initial_squares_.resize(1);
  if (!settings_.layer_rates.empty() && settings_.layer_rates.size() != layers)
    throw Error("optimizer: layer_rates",
                fmt::format("One rate per layer is required, that is {}, but {} came.", layers,
                            settings_.layer_rates.size()),
                "Give one multiplier per layer from the input on, or leave the list empty.");
}

template <class T>
Optimizer<T>::Optimizer(Optimizer&&) noexcept = default;
template <class T>
Optimizer<T>::~Optimizer() = default;

template <class T>
double Optimizer<T>::layer_rate(std::size_t tensor) const {
  if (settings_.layer_rates.empty()) return 1;
  return settings_.layer_rates[static_cast<std::size_t>(tensors_[tensor].layer)];
}

template <class T>
void Optimizer<T>::prepare(double factor) {
  ++steps_;
  const double decay = settings_.weight_decay * (settings_.decay == Decay::homeostatic ? growth() : 1);
  if (clips()) take_norms();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const double rate = settings_.learning_rate * factor * layer_rate(i);
    numbers_[i] = step_numbers<T>(settings_, rate, decay, clip_[i], steps_);
  }
}

// How far the squared norm of all weights has grown since the first step, which it notes.
template <class T>
double Optimizer<T>::growth() {
  double squares = 0;
  for (const Tensor<T>& tensor : tensors_) squares += sum_of_squares(tensor.values, tensor.count);
  if (steps_ == 1) initial_squares_.front() = static_cast<T>(squares);
  return static_cast<double>(static_cast<T>(squares) - initial_squares_.front());
}

template <class T>
void Optimizer<T>::take_norms() {
  double joint = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const double squares = sum_of_squares(tensors_[i].delta, tensors_[i].count);
    // a layer that does not learn has no gradient that others would have to give way to
    if (layer_rate(i) > 0) joint += squares;
    clip_[i] = clipping_factor(settings_, squares);
  }
  if (settings_.clip == Clipping::joint)
    std::fill(clip_.begin(), clip_.end(), clipping_factor(settings_, joint));
}

template <class T>
void Optimizer<T>::apply(std::size_t tensor, std::size_t begin, std::size_t end) {
  apply(tensor, begin, end, tensors_[tensor].delta + begin, T(1));
}

template <class T>
void Optimizer<T>::apply(std::size_t tensor, std::size_t begin, std::size_t end, const T* sums, T mean) {
  if (layer_rate(tensor) == 0) return;  // the layer stays, and so do its moments
  StepNumbers<T> numbers = numbers_[tensor];
  numbers.mean = mean;
  const bool plain = numbers.decay == T(0) && numbers.l1 == T(0);
  T* m = first_[tensor].empty() ? nullptr : first_[tensor].data() + begin;
  T* v = second_[tensor].empty() ? nullptr : second_[tensor].data() + begin;
  update_for<T>(settings_.algorithm, plain)(tensors_[tensor].values + begin, sums, m, v, end - begin,
                                            numbers);
}

template <class T>
void Optimizer<T>::step(double factor) {
  prepare(factor);
  for (std::size_t i = 0; i < tensors_.size(); ++i) apply(i, 0, tensors_[i].count);
}

template <class T>
std::vector<OptimizerState<T>> Optimizer<T>::state() {
  std::vector<OptimizerState<T>> state;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (!first_[i].empty()) state.push_back({tensors_[i].name + ".m", first_[i].data(), first_[i].size()});
    if (!second_[i].empty()) state.push_back({tensors_[i].name + ".v", second_[i].data(), second_[i].size()});
  }
  if (!initial_squares_.empty()) state.push_back({"initial squared norm", initial_squares_.data(), 1});
  return state;
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace apical
