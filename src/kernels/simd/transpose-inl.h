// The transpose of a matrix in panels. Included once per instruction-set namespace, inside it.

#if HWY_TARGET == HWY_SCALAR
inline constexpr std::size_t kRegisterBytes = 1;
#else
inline constexpr std::size_t kRegisterBytes = 16;
#endif

// Side of the square that is turned in registers: 4 floats or 2 doubles, 1 without vectors.
template <class T>
inline constexpr std::size_t kSquare = kRegisterBytes >= sizeof(T) ? kRegisterBytes / sizeof(T) : 1;

// Turns the first `rows` (≤ kSquare) rows of a square, zeros standing for the rest, and stores `columns` of
// the turned rows.
template <class T>
HWY_INLINE void transpose_square(const T* from, std::size_t from_stride, std::size_t rows, T* to,
                                 std::size_t to_stride, std::size_t columns) {
  constexpr std::size_t S = kSquare<T>;
  const hn::CappedTag<T, S> d;
  using V = hn::Vec<decltype(d)>;
  V in[S], out[S];
  APICAL_UNROLL for (std::size_t r = 0; r < S; ++r) in[r] =
      r < rows ? hn::LoadU(d, from + r * from_stride) : hn::Zero(d);
#if HWY_TARGET == HWY_SCALAR
  out[0] = in[0];
#else
  if constexpr (S == 4) {
    const V even_low = hn::InterleaveLower(d, in[0], in[2]), odd_low = hn::InterleaveLower(d, in[1], in[3]);
    const V even_high = hn::InterleaveUpper(d, in[0], in[2]), odd_high = hn::InterleaveUpper(d, in[1], in[3]);
    out[0] = hn::InterleaveLower(d, even_low, odd_low);
    out[1] = hn::InterleaveUpper(d, even_low, odd_low);
    out[2] = hn::InterleaveLower(d, even_high, odd_high);
    out[3] = hn::InterleaveUpper(d, even_high, odd_high);
  } else {
    out[0] = hn::InterleaveLower(d, in[0], in[1]);
    out[1] = hn::InterleaveUpper(d, in[0], in[1]);
  }
#endif
  APICAL_UNROLL for (std::size_t r = 0; r < S; ++r) {
    if (r < columns) hn::StoreU(out[r], d, to + r * to_stride);
  }
}

// By half panels, so that neither side is walked with a long stride.
template <class T>
void transpose_panels(const T* w, std::size_t n_out, std::size_t n_in, T* w_transposed) {
  constexpr std::size_t B = kPanel<T> / 2, S = kSquare<T>;
  const std::size_t width_out = padded<T>(n_out), width_in = padded<T>(n_in);
  for (std::size_t in = 0; in < width_in; in += B) {
    for (std::size_t out = 0; out < n_out; out += B) {
      const T* from = w + panel_index<T>(n_out, n_in, out, in);
      T* to = w_transposed + panel_index<T>(n_in, n_out, in, out);
      const std::size_t from_stride = HWY_MIN(kPanel<T>, width_out - out / kPanel<T> * kPanel<T>);
      const std::size_t to_stride = HWY_MIN(kPanel<T>, width_in - in / kPanel<T> * kPanel<T>);
      for (std::size_t o = 0; o < B && out + o < n_out; o += S) {
        for (std::size_t i = 0; i < B; i += S) {
          const std::size_t rows = in + i < n_in ? HWY_MIN(S, n_in - in - i) : 0;
          transpose_square(from + i * from_stride + o, from_stride, rows, to + o * to_stride + i, to_stride,
                           HWY_MIN(S, n_out - out - o));
        }
      }
    }
  }
}
