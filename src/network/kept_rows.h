// The controlled state of a tile, put aside while the tile does something else.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "network/tile_state.h"

namespace apical {

template <class T>
class KeptRows {
 public:
  // Copies every sample's state into the tile's arena.
  explicit KeptRows(TileState<T>& tile) : tile_(tile) {
    const std::size_t depth = tile.layer.size() - 1;
    kept_ = tile.arena->template take_as<Arrays>(depth + 1);
    for (std::size_t i = 1; i <= depth; ++i) {
      const Arrays now = arrays(i);
      const std::size_t count = tile.rows * tile.layer[i].stride;
      for (std::size_t a = 0; a < now.size(); ++a) {
        kept_[i][a] = now[a] != nullptr ? tile.arena->take(count) : nullptr;
        if (now[a] != nullptr) std::copy_n(now[a], count, kept_[i][a]);
      }
    }
  }

  void put_back(std::size_t row) const {
    for (std::size_t i = 1; i < tile_.layer.size(); ++i) {
      const Arrays now = arrays(i);
      const std::size_t stride = tile_.layer[i].stride;
      for (std::size_t a = 0; a < now.size(); ++a) {
        if (now[a] != nullptr) std::copy_n(kept_[i][a] + row * stride, stride, now[a] + row * stride);
      }
    }
  }

 private:
  using Arrays = std::array<T*, 6>;

  Arrays arrays(std::size_t i) const {
    const SettlingLayer<T>& layer = tile_.layer[i];
    T* u = i + 1 == tile_.layer.size() ? tile_.control() : nullptr;
    return {layer.v, layer.v_ff, layer.v_fb, layer.feedback, layer.rate_deviation, u};
  }

  TileState<T>& tile_;
  Arrays* kept_;  // by layer; each array [rows, stride]
};

}  // namespace apical
