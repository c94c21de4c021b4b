// Exponential filters of a settling network, one Euler step each.      Meulemans, Tristany Farinha, Cervera, Sacramento and Grewe, ICML 2022
#pragma once

#include <cstddef>

namespace apical {

template <class T>
struct TileState;

// ξ̄ ← dt/τ · N/√dt + (1 − dt/τ) ξ̄ of one layer: white noise N becomes noise with the correlation time τ.
template <class T>
void low_pass_noise(const TileState<T>& tile, std::size_t layer, double dt, double tau);

// ū ← a u + (1 − a) ū, from ū = u at the first step; what feedback plasticity sees is u − ū.
template <class T>
void high_pass_control(const TileState<T>& tile, T a, bool first);

// ρ̄ ← a ρ + (1 − a) ρ̄ of every layer, from 0 at the feedforward point.
template <class T>
void low_pass_rates(const TileState<T>& tile, T a);

}  // namespace apical
