// What drives the apical compartments of a settling network: the control through its own weights, or what the layer above sends down.
#pragma once

#include <cstddef>
#include <string_view>

#include "apical/network.h"
#include "apical/settling.h"
#include "kernels/kernels.h"
#include "network/tile_state.h"

namespace apical {

template <class T>
class TopDown {
 public:
  TopDown(const Network<T>& network, TileState<T>& tile, const Settling& settling)
      : network_(network),
        tile_(tile),
        settling_(settling),
        chained_(settling.drive != Drive::control),
        kernels_(kernels<T>()) {}

  // Whether forward weights carry the drive.
  static bool transports(const Settling& settling) {
    return settling.drive != Drive::control && std::string_view(settling.through) == "forward";
  }

  // Once, when the tile's layers have theirs.
  void take_arrays();
  // The product that brings layer i its drive, panel by panel; without weights where the control arrives as it is.
  StepProduct<T> product(std::size_t i) const;
  // Before a step: how steep each neuron is, and how far it is from its basal voltage. All layers of a step see the state before it.
  void look();

  // What arrives in this step, before the first neurons of a layer get theirs.
  void take_in(StepProduct<T>& product, const T* u) const {
    if (!chained_ || product.w == nullptr) product.a = u;
    product.take_in();
  }
  // The drive of neurons first … first + width − 1 of layer i to where the product writes.
  void drive(std::size_t i, const StepProduct<T>& product, std::size_t first, std::size_t width) const {
    if (product.w != nullptr) {
      product.multiply();
    } else {
      take_over(product, first, width);
    }
    if (chained_) gate(tile_.layer[i], product, first, width);
  }

 private:
  void take_over(const Product<T>& product, std::size_t first, std::size_t width) const;
  void gate(const SettlingLayer<T>& layer, const Product<T>& product, std::size_t first,
            std::size_t width) const;

  const Network<T>& network_;
  TileState<T>& tile_;
  const Settling& settling_;
  bool chained_;  // from layer to layer
  const Kernels<T>& kernels_;
  T *voltage_ = nullptr, *rate_ = nullptr;  // of one layer, absolute
};

extern template class TopDown<float>;
extern template class TopDown<double>;

}  // namespace apical
