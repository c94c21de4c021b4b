// Where a weight lives. A matrix W [n_out, n_in] (rows: postsynaptic) is stored in panels: panel p holds the
// postsynaptic units p·P … p·P+P−1 as [n_in][P], so that one presynaptic rate meets P neighbouring weights. P
// is 128 bytes (32 floats, 16 doubles) on every instruction set: the layout, and so every stored bit, does
// not depend on the machine. The last panel is half as wide where that suffices. Padding is zero and stays
// zero.
#pragma once

#include <cstddef>

namespace apical {

template <class T>
inline constexpr std::size_t kPanel = 128 / sizeof(T);

// Units rounded up to whole half panels: the width of a row in panels.
template <class T>
constexpr std::size_t padded(std::size_t n) {
  constexpr std::size_t half = kPanel<T> / 2;
  return (n + half - 1) / half * half;
}

// Distance between two rows (samples) of an activity array of n units; never a multiple of 1 KiB, which would
// make the rows of a tile fall into the same cache sets.
template <class T>
constexpr std::size_t row_stride(std::size_t n) {
  const std::size_t width = padded<T>(n);
  return width * sizeof(T) % 1024 ? width : width + kPanel<T> / 2;
}

// Elements of a matrix [n_out, n_in] in panels.
template <class T>
constexpr std::size_t panel_size(std::size_t n_out, std::size_t n_in) {
  return padded<T>(n_out) * n_in;
}

// Panels of a matrix with n_out postsynaptic units.
template <class T>
constexpr std::size_t panel_count(std::size_t n_out) {
  return (padded<T>(n_out) + kPanel<T> - 1) / kPanel<T>;
}

// Index of W[out][in].
template <class T>
constexpr std::size_t panel_index(std::size_t n_out, std::size_t n_in, std::size_t out, std::size_t in) {
  const std::size_t panel = out / kPanel<T>;
  const std::size_t left = padded<T>(n_out) - panel * kPanel<T>;
  const std::size_t width = left < kPanel<T> ? left : kPanel<T>;
  return panel * kPanel<T> * n_in + in * width + out % kPanel<T>;
}

}  // namespace apical
