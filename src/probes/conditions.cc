// Condition 1 of the theory, and what of the update no output sees.
#include <cmath>

#include "probes/references.h"
#include "probes/table.h"

namespace apical {
namespace {

// The mean over samples of how much the lengths ‖r_0‖ … ‖r_{L−1}‖ differ:  sd / mean; the authors' code has
// sd / √mean.
template <bool official, class T>
Values condition_1(const ProbeContext<T>& context) {
  const BatchState<T>& state = context.minibatch.state();
  const auto layers = static_cast<double>(context.network.depth());
  double sum = 0;
  for (std::size_t row = 0; row < state.size; ++row) {
    std::vector<double> lengths;
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < context.network.depth(); ++i) {
      const std::size_t n = context.network.units(i);
      double square = 0;
      for (std::size_t unit = 0; unit < n; ++unit) {
        const auto rate = static_cast<double>(state.rate[i][row * row_stride<T>(n) + unit]);
        square += rate * rate;
      }
      lengths.push_back(std::sqrt(square));
      mean += lengths.back() / layers;
    }
    for (const double one : lengths) variance += (one - mean) * (one - mean) / layers;
    sum += official ? std::sqrt(variance / mean) : std::sqrt(variance) / mean;
  }
  return {{"network", sum / static_cast<double>(state.size)}};
}

// Rows of the stacked Jacobian that are taken together.
constexpr double kMostRows = 2048;

template <class T>
Values null_space(const ProbeContext<T>& context) {
  if (context.context.group != "forward") return {};
  const BatchState<T>& state = context.minibatch.state();
  const auto outputs = static_cast<double>(context.network.units(context.network.depth()));
  const std::size_t fit = std::max<std::size_t>(1, static_cast<std::size_t>(kMostRows / outputs));
  return {{"network", null_space_share(context.network, state, std::min(fit, state.size),
                                       context.minibatch.delta_of("forward"))}};
}

}  // namespace

std::vector<Probe> condition_probes() {
  return {
      {{"condition-1",
        "how much the lengths of the layers' rates differ: s.d. / mean over layers 0 … L−1, mean over "
        "samples",
        "", "one pass over the rates", 0, &any_rule},
       &condition_1<false, float>,
       &condition_1<false, double>},
      {{"condition-1-official", "the authors' measure of the same, s.d. / √mean", "",
        "one pass over the rates", 0, &any_rule},
       &condition_1<true, float>,
       &condition_1<true, double>},
      {{"null-space", "share of the update's length that moves no output of the minibatch", "",
        "a system of B n_L, so (B n_L)³ multiplications; samples beyond B n_L = 2048 are left out", 0,
        &any_rule},
       &null_space<float>,
       &null_space<double>},
  };
}

}  // namespace apical
