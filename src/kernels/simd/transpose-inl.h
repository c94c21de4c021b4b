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

// Turns one half panel by half panel: `inputs` rows, of which `outputs` numbers count. kWhole: all of them do, and nothing is tested.
template <bool kWhole, class T>
HWY_INLINE void transpose_block(const T* from, std::size_t from_stride, std::size_t inputs, T* to,
                                std::size_t to_stride, std::size_t outputs) {
  constexpr std::size_t B = kPanel<T> / 2, S = kSquare<T>;
  for (std::size_t o = 0; o < (kWhole ? B : outputs); o += S) {
    for (std::size_t i = 0; i < B; i += S) {
      const std::size_t rows = kWhole ? S : i < inputs ? HWY_MIN(S, inputs - i) : 0;
      transpose_square(from + i * from_stride + o, from_stride, rows, to + o * to_stride + i, to_stride,
                       kWhole ? S : HWY_MIN(S, outputs - o));
    }
  }
}

// By half panels, so that neither side is walked with a long stride.
template <class T>
void transpose_panels(const Transpose<T>& p) {
  constexpr std::size_t B = kPanel<T> / 2;
  const std::size_t n_out = p.n_out, n_in = p.n_in, width_out = padded<T>(n_out), width_in = padded<T>(n_in);
  const std::size_t first_out = p.first_panel * kPanel<T>;
  const std::size_t end_out =
      p.panels < panel_count<T>(n_out) - p.first_panel ? first_out + p.panels * kPanel<T> : n_out;
  const std::size_t end_in = p.k_count < n_in - p.first_k ? p.first_k + p.k_count : width_in;
  // Half panels of inputs ahead of which a part of one panel asks for the lines that it will write: another core may have read them.
  constexpr std::size_t kAhead = 2 * B;
  const auto ask_for = [&](std::size_t in) {
    if (in >= end_in || end_out - first_out > kPanel<T>) return;
    const std::size_t to_stride = HWY_MIN(kPanel<T>, width_in - in / kPanel<T> * kPanel<T>);
    const T* to = p.w_transposed + panel_index<T>(n_in, n_out, in, first_out);
    for (std::size_t out = first_out; out < end_out; ++out, to += to_stride) fetch_to_write(to);
  };
  for (std::size_t in = p.first_k; in < p.first_k + kAhead; in += B) ask_for(in);
  for (std::size_t in = p.first_k; in < end_in; in += B) {
    ask_for(in + kAhead);
    for (std::size_t out = first_out; out < end_out; out += B) {
      const T* from = p.w + panel_index<T>(n_out, n_in, out, in);
      T* to = p.w_transposed + panel_index<T>(n_in, n_out, in, out);
      const std::size_t from_stride = HWY_MIN(kPanel<T>, width_out - out / kPanel<T> * kPanel<T>);
      const std::size_t to_stride = HWY_MIN(kPanel<T>, width_in - in / kPanel<T> * kPanel<T>);
      const std::size_t inputs = in < n_in ? n_in - in : 0, outputs = HWY_MIN(B, n_out - out);
      if (inputs >= B && outputs == B) {
        transpose_block<true>(from, from_stride, B, to, to_stride, B);
      } else {
        transpose_block<false>(from, from_stride, inputs, to, to_stride, outputs);
      }
    }
  }
}
