// Scratch memory of one worker: taken piece by piece, given back all at once. After the first tile nothing is allocated any more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/buffer.h"

namespace apical {

template <class T>
class Arena {
 public:
  // `count` numbers, aligned to a cache line, contents undefined.
  T* take(std::size_t count) {
    const std::size_t rounded = (count + kLine - 1) / kLine * kLine + kSkew;
    if (used_ + rounded > block_.size()) {
      // the first tile finds out how much is needed; reset() then makes it one block
      spill_.emplace_back(rounded);
      spilled_ += rounded;
      return spill_.back().data();
    }
    T* piece = block_.data() + used_;
    used_ += rounded;
    return piece;
  }
  T* take_zeroed(std::size_t count) {
    T* piece = take(count);
    if (count != 0) std::memset(piece, 0, count * sizeof(T));
    return piece;
  }

  // Numbers that can be taken without allocating, and room for at least `count` of them; only while nothing is taken.
  std::size_t capacity() const { return block_.size(); }
  void reserve(std::size_t count) {
    if (count > block_.size()) block_ = Buffer<T>(count);
  }

  // Everything that was taken is given back.
  void reset() {
    if (!spill_.empty()) {
      block_ = Buffer<T>(used_ + spilled_);
      spill_.clear();
      spilled_ = 0;
    }
    used_ = 0;
  }

 private:
  static constexpr std::size_t kLine = 64 / sizeof(T);
  static constexpr std::size_t kSkew = kLine;  // keeps arrays of one layer off the same cache sets

  Buffer<T> block_;
  std::vector<Buffer<T>> spill_;
  std::size_t used_ = 0, spilled_ = 0;
};

}  // namespace apical
