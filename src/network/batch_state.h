// What a minibatch keeps for each sample, whichever tile it falls in. All arrays are [capacity, stride], row-major.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apical/loss.h"
#include "apical/network.h"
#include "apical/settling.h"
#include "core/buffer.h"
#include "kernels/kernels.h"
#include "kernels/panels.h"
#include "network/linear_readout.h"
#include "network/narrow_network.h"
#include "network/rounded_weights.h"

namespace apical {

// One outer product that waits until all tiles are done: Σ over the minibatch of post preᵀ, as a whole-batch product.
template <class T>
struct DeferredTerm {
  Buffer<T> post;               // [capacity, row_stride(n_out)]
  Buffer<T> pre;                // [capacity, pre_stride]; empty where `resident` is read instead
  const T* resident = nullptr;  // presynaptic rates that the minibatch keeps anyway
  std::size_t pre_stride = 0;
  std::atomic<bool> ready = false;  // storage is there
  std::atomic<bool> used = false;   // proposed in this minibatch
};

// The outer products of one weight matrix. Their storage is made by the first tile that proposes one, and kept.
template <class T>
struct DeferredTerms {
  static constexpr std::size_t kMost = 4;
  std::array<DeferredTerm<T>, kMost> terms;
  std::mutex mutex;
};

template <class T>
struct BatchState {
  BatchState(const Network<T>& network, std::size_t samples)
      : capacity(samples),
        v(network.depth() + 1),
        rate(network.depth() + 1),
        slope(network.depth() + 1),
        sample(samples),
        label(samples),
        loss(samples),
        correct(samples),
        settled(samples) {
    for (std::size_t layer = 0; layer <= network.depth(); ++layer) {
      const std::size_t count = samples * row_stride<T>(network.units(layer));
      rate[layer] = Buffer<T>(count);
      if (layer == 0) continue;
      v[layer] = Buffer<T>(count);
      slope[layer] = Buffer<T>(count);
    }
    for (const auto& [group, matrices] : network.all_groups()) {
      auto& terms = deferred[group];
      for (std::size_t i = 0; i < matrices.size(); ++i) terms.push_back(std::make_unique<DeferredTerms<T>>());
    }
    const std::size_t outputs = samples * row_stride<T>(network.units(network.depth()));
    loss_gradient = Buffer<T>(outputs);
    target = Buffer<T>(outputs);
  }

  std::size_t bytes() const {
    std::size_t sum = total_bytes(v) + total_bytes(rate) + total_bytes(slope) + target.bytes() +
                      loss_gradient.bytes() + readout.bytes() + narrow.bytes() + rounded.bytes();
    for (const auto& [group, layers] : deferred) {
      for (const auto& layer : layers) {
        for (const auto& term : layer->terms) sum += term.post.bytes() + term.pre.bytes();
      }
    }
    return sum;
  }

  std::size_t capacity;
  Loss loss_kind = Loss::cross_entropy;
  std::size_t size = 0;                   // samples in this minibatch, B
  std::vector<Buffer<T>> v, rate, slope;  // the feedforward point of each layer; rate[0] is the input
  Buffer<T> target;                       // regression: y [B, n_L]
  Buffer<T> loss_gradient;                // ∂ℒ/∂r_L per sample [B, n_L]
  std::vector<std::uint32_t> sample;      // which sample of the data a row is: keys its noise
  std::vector<std::int32_t> label;        // −1: regression
  std::vector<double> loss;
  std::vector<std::uint8_t> correct;
  std::vector<Settled> settled;  // filled by passes that settle
  bool has_settled = false;
  Factors factors = Factors::full;             // of the products of settling steps
  RoundedWeights rounded;                      // made ready where they are rounded
  std::optional<ControlledDynamics> dynamics;  // of the last settling phase; empty: nothing settled
  // The controlled state at the end, as deviations from the feedforward point; only where
  // Minibatch::keep_controlled asked for it, and only in rows that `controlled` marks.
  std::vector<Buffer<T>> controlled_v;   // per layer [B, n_i]; empty: not asked for
  std::vector<std::uint8_t> controlled;  // [B]
  LinearReadout<T> readout;              // made ready where a control is solved for by way of it
  NarrowNetwork<T> narrow;               // made ready where an output is moved in fewer coordinates
  // group → layer−1 → outer products, in the order in which plasticity proposes them
  std::map<std::string, std::vector<std::unique_ptr<DeferredTerms<T>>>, std::less<>> deferred;
};

}  // namespace apical
