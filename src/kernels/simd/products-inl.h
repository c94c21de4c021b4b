// Register-blocked products on panels. Included once per instruction-set namespace, inside it; `hn` is
// hwy::HWY_NAMESPACE. Every element is summed in ascending order of k (product) or of rows (outer product),
// whatever the blocking: restricting the work to a part, or changing the number of rows, changes no bit.

// Accumulators of a micro-kernel, R rows by V vectors: as many as fit beside the V weights and one broadcast. Rows that are walked across
// come in eights, so that two blocks share their cache lines.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
inline constexpr int kRowsTwoVectors = 14, kRowsAcross = 8, kRowsOneVector = 16;  // 32 registers
#else
inline constexpr int kRowsTwoVectors = 6, kRowsAcross = 6, kRowsOneVector = 12;  // 16 registers
#endif

// Pairs of bfloat16 that are taken apart need registers for both halves.
template <class T>
constexpr int kTakenApart =
#if defined(APICAL_BFLOAT16_UNIT)
    0;
#else
    std::is_same_v<T, Bfloat16Pair> ? 2 : 0;
#endif

// At most half a panel, so that a half panel is a whole number of vectors.
template <class T>
using PanelTag = hn::CappedTag<T, kPanel<T> / 2>;

// How a micro-kernel walks a: one row per sample (product), or one row per presynaptic unit (outer product).
enum class Walk { along_rows, across_rows };

template <class T>
struct Micro {
  const T* a;
  std::size_t lda;
  const T* b;
  std::size_t ldb;
  std::size_t depth;
  const Summed<T>* bias;
  Summed<T>* c;
  std::size_t ldc;
  Start start;
  const Summed<T>* companion = nullptr;  // laid out like c
};

// c[r][·] = start + Σ_k a(r, k) · b[k][·] with a(r, k) = a[r·lda + k] or a[k·lda + r], for `blocks` blocks of R rows, the first at
// `row`. The loops over r and v must unroll, or the accumulators live on the stack: a threefold loss without a word.
template <int R, int V, Walk walk, class T>
HWY_NOINLINE void micro_kernel(const Micro<T>& m, std::size_t row, std::size_t blocks) {
  using S = Summed<T>;
  const PanelTag<T> factors;
  const PanelTag<S> d;
  constexpr std::size_t L = hn::MaxLanes(PanelTag<S>());
  const T* HWY_RESTRICT b = m.b;
  const std::size_t lda = m.lda, ldb = m.ldb, ldc = m.ldc, depth = m.depth;
  const T* HWY_RESTRICT a = m.a + row * (walk == Walk::along_rows ? lda : 1);
  S* HWY_RESTRICT c = m.c + row * ldc;
  const Start start = m.start;
  const S* companion = m.companion == nullptr ? nullptr : m.companion + row * ldc;
  for (; blocks > 0; --blocks) {
    if (walk == Walk::across_rows && companion != nullptr) {
      for (std::size_t r = 0; r < R; ++r) {
        for (int v = 0; v < V; ++v) fetch_to_write(companion + r * ldc + static_cast<std::size_t>(v) * L);
      }
      companion += R * ldc;
    }
    hn::Vec<PanelTag<S>> sum[R][V];
    if (start == Start::keep) {
      APICAL_UNROLL for (int r = 0; r < R; ++r) {
        APICAL_UNROLL for (int v = 0; v < V; ++v) sum[r][v] = hn::LoadU(d, c + r * ldc + v * L);
      }
    } else if (start == Start::bias) {
      APICAL_UNROLL for (int v = 0; v < V; ++v) {
        const auto bias = hn::LoadU(d, m.bias + v * L);
        APICAL_UNROLL for (int r = 0; r < R; ++r) sum[r][v] = bias;
      }
    } else {
      APICAL_UNROLL for (int r = 0; r < R; ++r) {
        APICAL_UNROLL for (int v = 0; v < V; ++v) sum[r][v] = hn::Zero(d);
      }
    }
    // Beyond eight rows a pointer each would not find registers: four rows share one. Hidden from the compiler, which would take them
    // apart again.
    constexpr int kShare = R > 8 ? 4 : 1,
                  kPointers = walk == Walk::along_rows ? (R + kShare - 1) / kShare : 1;
    const T* from[kPointers];
    APICAL_UNROLL for (int p = 0; p < kPointers; ++p) {
      from[p] = a + kShare * p * lda;
      asm("" : "+r"(from[p]));
    }
    const std::size_t offset[4] = {0, lda, 2 * lda, 3 * lda};
    for (std::size_t k = 0; k < depth; ++k) {
      // Weights come from the second cache level, and strided rates escape the hardware's prefetcher: 5 to 10 %
      // of the peak.
      if constexpr (walk == Walk::along_rows) {
        constexpr std::size_t kLine = 64 / sizeof(T);
        for (std::size_t i = 0; i < V * L; i += kLine) __builtin_prefetch(b + (k + 16) * ldb + i);
      } else {
        __builtin_prefetch(a + (k + 8) * lda);
      }
      hn::Vec<PanelTag<T>> w[V];
      APICAL_UNROLL for (int v = 0; v < V; ++v) w[v] = hn::LoadU(factors, b + k * ldb + v * L);
      APICAL_UNROLL for (int r = 0; r < R; ++r) {
        const auto x = hn::Set(
            factors, walk == Walk::along_rows ? from[r / kShare][offset[r % kShare] + k] : a[k * lda + r]);
        APICAL_UNROLL for (int v = 0; v < V; ++v) sum[r][v] = multiply_add(x, w[v], sum[r][v]);
      }
    }
    APICAL_UNROLL for (int r = 0; r < R; ++r) {
      APICAL_UNROLL for (int v = 0; v < V; ++v) hn::StoreU(sum[r][v], d, c + r * ldc + v * L);
    }
    a += R * (walk == Walk::along_rows ? lda : 1);
    c += R * ldc;
  }
}

// Runs the micro-kernel over `count` rows of c in blocks of kMax; what is left over shares its rows with the last block: 13 rows of at
// most 8 are 7 + 6.
template <int kMax, int V, Walk walk, class T>
HWY_INLINE void row_blocks(const Micro<T>& m, std::size_t count) {
  const std::size_t whole = count % kMax == 0 || count < kMax ? count / kMax : count / kMax - 1;
  if (whole > 0) micro_kernel<kMax, V, walk, T>(m, 0, whole);
  for (std::size_t row = whole * kMax; row < count;) {
    const std::size_t left = count - row, rows = left > kMax ? (left + 1) / 2 : left;
    switch (rows) {
#define APICAL_ROWS(R)                                               \
  case R:                                                            \
    if constexpr (R <= kMax) micro_kernel<R, V, walk, T>(m, row, 1); \
    break;
      APICAL_ROWS(1)
      APICAL_ROWS(2)
      APICAL_ROWS(3)
      APICAL_ROWS(4)
      APICAL_ROWS(5)
      APICAL_ROWS(6)
      APICAL_ROWS(7)
      APICAL_ROWS(8)
      APICAL_ROWS(9)
      APICAL_ROWS(10)
      APICAL_ROWS(11)
      APICAL_ROWS(12)
      APICAL_ROWS(13)
      APICAL_ROWS(14)
      APICAL_ROWS(15)
      APICAL_ROWS(16)
#undef APICAL_ROWS
      default:
        break;
    }
    row += rows;
  }
}

// Walks one panel of `width` columns in vectors: pairs first, then the one that may be left in a half panel.
template <Walk walk, class T>
HWY_INLINE void panel_columns(Micro<T>& m, std::size_t width, std::size_t count) {
  constexpr std::size_t L = hn::MaxLanes(PanelTag<T>());
  std::size_t column = 0;
  const auto advance = [&m, &column](std::size_t step) {
    m.b += step;
    m.c += step;
    if (m.bias) m.bias += step;
    if (m.companion) m.companion += step;
    column += step;
  };
  while (column + 2 * L <= width) {
    constexpr int kMax = walk == Walk::along_rows ? kRowsTwoVectors : kRowsAcross;
    row_blocks<kMax - kTakenApart<T>, 2, walk>(m, count);
    advance(2 * L);
  }
  if (column < width) row_blocks<kRowsOneVector - kTakenApart<T>, 1, walk>(m, count);
}

template <class T>
void product(const Product<T>& p) {
  const std::size_t columns = padded<T>(p.n_out),
                    end = p.first_panel + HWY_MIN(p.panels, panel_count<T>(p.n_out) - p.first_panel);
  const Summed<T>* bias = p.start == Start::bias ? p.bias : nullptr;
  for (std::size_t panel = p.first_panel; panel < end; ++panel) {
    const std::size_t first = panel * kPanel<T>, width = HWY_MIN(kPanel<T>, columns - first);
    Micro<T> m{p.a,
               p.lda,
               p.w + first * p.n_in,
               width,
               p.n_in,
               bias ? bias + first : nullptr,
               p.c + (panel - p.first_panel) * kPanel<T>,
               p.ldc,
               p.start};
    panel_columns<Walk::along_rows>(m, width, p.rows);
  }
}

template <class T>
void outer_product(const OuterProduct<T>& o) {
  const std::size_t columns = padded<T>(o.n_out);
  for (std::size_t panel = o.first_panel; panel < o.first_panel + o.panels; ++panel) {
    const std::size_t first = panel * kPanel<T>, width = HWY_MIN(kPanel<T>, columns - first);
    const std::size_t at = first * o.n_in + o.first_k * width;
    const Summed<T>* companion = o.companion == nullptr ? nullptr : o.companion + at;
    Micro<T> m{o.x + o.first_k, o.ldx,    o.e + first, o.lde,   o.rows,
               nullptr,         o.g + at, width,       o.start, companion};
    panel_columns<Walk::across_rows>(m, width, o.k_count);
  }
}

// A factor of one, or as near to it as the compiler needs in order not to know the result.
template <class T>
T one_but_for(long iterations) {
  if constexpr (std::is_same_v<T, Bfloat16Pair>)
    return bfloat16_pair(1.0f, 1.0f) + static_cast<Bfloat16Pair>(iterations & 1);
  else
    return T(1) - static_cast<T>(iterations) * T(1e-30);
}

// Twelve independent chains of multiply-adds. Each has a start value of its own: equal chains are merged by
// the compiler, and the peak then reads too high.
template <class T>
double peak(long iterations) {
  using S = Summed<T>;
  constexpr int kChains = 12;
  const hn::ScalableTag<S> d;
  const auto factor = hn::Set(hn::ScalableTag<T>(), one_but_for<T>(iterations));
  hn::Vec<decltype(d)> chain[kChains];
  APICAL_UNROLL for (int i = 0; i < kChains; ++i) chain[i] = hn::Set(d, static_cast<S>(i));
  for (long n = 0; n < iterations; ++n) {
    APICAL_UNROLL for (int i = 0; i < kChains; ++i) chain[i] = multiply_add(factor, factor, chain[i]);
  }
  auto sum = chain[0];
  APICAL_UNROLL for (int i = 1; i < kChains; ++i) sum = hn::Add(sum, chain[i]);
  // The result has to be used, and cannot be NaN: it only ever adds zero.
  const S used = hn::GetLane(hn::SumOfLanes(d, sum));
  constexpr int kOperations = std::is_same_v<T, Bfloat16Pair> ? 4 : 2;  // of each lane
  const double operations =
      static_cast<double>(iterations) * kChains * kOperations * static_cast<double>(hn::Lanes(d));
  return operations + (used < S(0) ? 1.0 : 0.0);
}
