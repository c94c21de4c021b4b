// Collects the weight changes that one tile proposes. Outside a settling phase, each outer product is put off until the whole minibatch can
// be multiplied at once; inside one, it is added up over a ring of time steps while the tile is in cache.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apical/network.h"
#include "apical/synapses.h"
#include "network/tile_state.h"

namespace apical {

// Both sides of a ring of steps: where slot 0 of the presynaptic rates lies, or null where nothing was collected, and of the postsynaptic
// factors [ring, rows, stride of n_out].
template <class T>
struct RingPair {
  const T* pre = nullptr;
  std::size_t stride = 0;
  T* post = nullptr;
};

// Sums of one group over the time steps of one tile.
template <class T>
struct StepSums {
  std::vector<Buffer<T>>
      weights;  // per layer−1, panels; empty where the presynaptic side is constant or the layer never learned
  std::vector<Buffer<T>> bias;    // per layer−1, padded
  std::vector<RingPair<T>> ring;  // per layer, 0 … L
  bool used = false;              // has storage
  bool learned = false;           // a lane: holds sums of the present minibatch

  std::size_t bytes() const { return total_bytes(weights) + total_bytes(bias); }
  void prepare(const Network<T>& network, std::string_view group, const LearningLayers& learning);
};

template <class T>
class TileDelta final : public BasicDelta<T> {
 public:
  using Sums = std::map<std::string, StepSums<T>, std::less<>>;  // by group
  TileDelta(const Network<T>& network, TileState<T>& tile, Sums& sums)
      : network_(network), tile_(tile), sums_(sums) {}

  // The calls of plasticity that follow are for this group and layer.
  void begin_layer(std::string_view group, std::size_t layer, Activation activation);
  // From now on plasticity of this group, too, is called at each step of the settling phase. The tile knows the length of its ring.
  void begin_steps(std::string_view group);
  // The ring is full, or the settling has ended: multiplies the collected steps.
  void flush(std::size_t slots);
  // The sums of a group are complete; `scale` makes them a mean.
  void end_steps(std::string_view group, T scale);
  // Multiplies what the tile proposed at its steps so far.
  void scale_steps(T factor);
  // Forgets what the tile proposed at its steps so far.
  void restart_steps();
  // Whether the group's changes are in its sums over time.
  bool learned_in_steps(std::string_view group) const;

  typename BasicDelta<T>::Term begin_term() override;
  void end_term(const Presynaptic<T>& pre) override;

 private:
  // A group that learns at each step.
  struct Stepping {
    std::string_view group;
    StepSums<T>* sums = nullptr;
    bool ended = false;
  };
  static constexpr std::size_t kMostStepping = 2;

  DeferredTerm<T>& deferred(std::string_view group, std::size_t layer, std::size_t term);
  void keep_presynaptic(std::size_t layer, std::size_t term, const Presynaptic<T>& pre);
  void flush(const Stepping& stepping, std::size_t slots);
  // G += Eᵀ X of the collected rows, as they are or rounded.
  void add_outer_product(const OuterProduct<T>& o) const;
  template <class F>
  void for_each_array(const Stepping& stepping, F&& on_array);
  void multiply(const Stepping& stepping, T factor);
  // The first layer's presynaptic rates do not change while the network settles: its steps are summed on the postsynaptic side alone.
  bool constant_presynaptic() const { return group_ == "forward" && layer_ == 1; }
  T* input_side_post();
  void leave_out(T* rows, std::size_t stride) const;
  void add_taking_part(const T* rows, T* sums, std::size_t stride) const;

  const Network<T>& network_;
  TileState<T>& tile_;
  Sums& sums_;
  std::array<Stepping, kMostStepping> stepping_;
  std::size_t stepping_count_ = 0;
  Stepping* now_ = nullptr;  // of the group whose plasticity runs, if it is called at each step
  std::string_view group_;
  std::size_t layer_ = 0, term_ = 0;
  Activation activation_ = Activation::linear;
  T* out_ = nullptr;
  Bfloat16Pair *post_pairs_ = nullptr, *pre_pairs_ = nullptr;  // room for both sides, where they are rounded
  T* one_step_ = nullptr;  // one step's factors of the first layer, where some samples are left out
};

extern template struct StepSums<float>;
extern template struct StepSums<double>;
extern template class TileDelta<float>;
extern template class TileDelta<double>;

}  // namespace apical
