// A target that is the label itself, however far it is.      Meulemans et al., ICML 2022 (strong feedback)
#pragma once

#include <cstddef>

namespace apical {

template <class T>
struct TileState;

// For a softmax output e(t) = y − softmax(r_L(t)) is not linear in the rates: aims the tile's target anew at r_L(t) + e(t), from the state as
// it is, so that its distance from the output is e(t).
template <class T>
void aim_at_clamped_output(const TileState<T>& tile, std::size_t outputs);

}  // namespace apical
