// What a settling phase needs in memory, and what of its Euler steps is the same at every step.
#pragma once

#include <cstddef>
#include <string_view>

#include "apical/settling.h"
#include "network/tile_state.h"
#include "network/top_down.h"

namespace apical {

struct SettlingNeeds {
  // observed: somebody watches every state.
  SettlingNeeds(const Settling& settling, bool observed);

  bool learns_forward;              // forward weights learn at each step
  std::string_view feedback_group;  // feedback weights that learn at each step; empty: none
  bool learns;                      // either of them
  bool final_rates;                 // plasticity reads the last state's
  bool slow_rates;                  // and sees those below through a low-pass filter
  bool renewed_basal;               // plasticity sees a basal voltage that is formed anew
  bool keeps_input;                 // v_ff and Q u of every state are read after the step
};

// A fresh layer[] whose layers have what every controlled state has: soma, basal (0), Q u and ρ.
template <class T>
void take_layers(const Network<T>& network, TileState<T>& tile);

// The arrays of every layer, of the control and of its error, from the tile's arena.
template <class T>
void take_settling_arrays(const Network<T>& network, TileState<T>& tile, const Settling& settling,
                          const SettlingNeeds& needs);

// Numbers in the largest array [rows, stride] of a layer.
template <class T>
std::size_t widest_array(const TileState<T>& tile);

// tile.euler: products, law and constants of each layer's step.
template <class T>
void plan_euler_steps(const Network<T>& network, TileState<T>& tile, const Settling& settling,
                      const TopDown<T>& top_down);

}  // namespace apical
