#include "parity/clipping.h"

namespace apical::parity {

Optimizer<double> optimizer_for(Engine& engine, const std::string& group, const OptimizerSettings& settings) {
  const GroupDelta<double>& delta = engine.minibatch().delta_of(group);
  std::vector<Tensor<double>> tensors;
  for (auto& w : engine.network().group(group)) {
    const std::size_t i = w.layer() - 1;
    const int layer = static_cast<int>(i);
    tensors.push_back({w.name(), w.panels(), delta.weights[i].data(), w.panels_size(), layer});
    if (w.has_bias())
      tensors.push_back({"b of " + w.name(), w.bias(), delta.bias[i].data(), w.bias_size(), layer});
  }
  return {settings, std::move(tensors)};
}

Gradient clipped(const Gradient& gradient, Clipping clipping, double norm) {
  Gradient delta = gradient, moved = gradient;
  std::vector<Tensor<double>> tensors;
  for (auto list : {&Gradient::W, &Gradient::b}) {
    for (std::size_t i = 0; i < (gradient.*list).size(); ++i) {
      std::vector<double>&from = (delta.*list)[i], &to = (moved.*list)[i];
      to.assign(from.size(), 0.0);
      tensors.push_back({"", to.data(), from.data(), from.size(), static_cast<int>(i)});
    }
  }
  OptimizerSettings settings;
  settings.algorithm = OptimizerAlgorithm::sgd;
  settings.learning_rate = 1;
  settings.clip = clipping;
  settings.clip_norm = norm;
  Optimizer<double>(settings, std::move(tensors)).step(1);
  return moved;
}

}  // namespace apical::parity
