// Collects the weight changes that one tile proposes. Outside a settling phase, each outer product is put off until the whole minibatch can
// be multiplied at once; inside one, it is added up over a ring of time steps while the tile is in cache.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apical/network.h"
#include "apical/synapses.h"
#include "network/tile_state.h"

namespace apical {

// Where the presynaptic rates of a ring of steps begin: slot 0, or null where nothing was collected.
template <class T>
struct RingPair {
  const T* pre = nullptr;
  std::size_t stride = 0;
};

// Sums of one group over the time steps of one tile.
template <class T>
struct StepSums {
  std::vector<Buffer<T>> weights;  // per layer−1, panels; empty where the presynaptic side is constant
  std::vector<Buffer<T>> bias;     // per layer−1, padded
  std::vector<RingPair<T>> ring;   // per layer, 0 … L
  bool used = false;

  void prepare(const Network<T>& network, std::string_view group);
  void zero();
};

template <class T>
class TileDelta final : public BasicDelta<T> {
 public:
  TileDelta(const Network<T>& network, TileState<T>& tile, StepSums<T>& sums)
      : network_(network), tile_(tile), sums_(sums) {}

  // The calls of plasticity that follow are for this group and layer.
  void begin_layer(std::string_view group, std::size_t layer, Activation activation);
  // From now on plasticity is called at each step of a settling phase of this group.
  void begin_steps(std::string_view group);
  // The ring is full, or the settling has ended: multiplies the collected steps.
  void flush(std::size_t slots);
  void end_steps(T scale);
  // Forgets what the tile proposed at its steps so far.
  void restart_steps();

  typename BasicDelta<T>::Term begin_term() override;
  void end_term(const Presynaptic<T>& pre) override;

 private:
  DeferredTerm<T>& deferred(std::size_t layer, std::size_t term);
  void keep_presynaptic(std::size_t layer, std::size_t term, const Presynaptic<T>& pre);
  // The first layer's presynaptic rates do not change while the network settles: its steps are summed on the postsynaptic side alone.
  bool constant_presynaptic() const { return group_ == "forward" && layer_ == 1; }
  void leave_out(T* rows, std::size_t stride) const;
  void add_taking_part(const T* rows, T* sums, std::size_t stride) const;

  const Network<T>& network_;
  TileState<T>& tile_;
  StepSums<T>& sums_;
  std::string_view group_;
  std::size_t layer_ = 0, term_ = 0;
  Activation activation_ = Activation::linear;
  bool stepping_ = false;
  T* out_ = nullptr;
  T* one_step_ = nullptr;  // one step's factors of the first layer, where some samples are left out
};

extern template struct StepSums<float>;
extern template struct StepSums<double>;
extern template class TileDelta<float>;
extern template class TileDelta<double>;

}  // namespace apical
