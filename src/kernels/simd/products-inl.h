// Register-blocked products on panels. Included once per instruction-set namespace, inside it; `hn` is
// hwy::HWY_NAMESPACE. Every element is summed in ascending order of k (product) or of rows (outer product),
// whatever the blocking: restricting the work to a part, or changing the number of rows, changes no bit.

// Accumulators of a micro-kernel, R rows by V vectors: as many as fit beside the V weights and one broadcast.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
inline constexpr int kRowsTwoVectors = 8, kRowsOneVector = 8;  // 32 registers
#else
inline constexpr int kRowsTwoVectors = 6, kRowsOneVector = 12;  // 16 registers
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
  const T* bias;
  T* c;
  std::size_t ldc;
  Start start;
};

// c[r][·] = start + Σ_k a(r, k) · b[k][·] with a(r, k) = a[r·lda + k] or a[k·lda + r].
// The loops over r and v must unroll, or the accumulators live on the stack: a threefold loss without a word.
template <int R, int V, Walk walk, class T>
HWY_NOINLINE void micro_kernel(const Micro<T>& m) {
  using D = PanelTag<T>;
  const D d;
  constexpr std::size_t L = hn::MaxLanes(D());
  const T* HWY_RESTRICT a = m.a;
  const T* HWY_RESTRICT b = m.b;
  T* HWY_RESTRICT c = m.c;
  const std::size_t lda = m.lda, ldb = m.ldb, ldc = m.ldc, depth = m.depth;
  hn::Vec<D> sum[R][V];
  if (m.start == Start::keep) {
    APICAL_UNROLL for (int r = 0; r < R; ++r) {
      APICAL_UNROLL for (int v = 0; v < V; ++v) sum[r][v] = hn::LoadU(d, c + r * ldc + v * L);
    }
  } else if (m.start == Start::bias) {
    APICAL_UNROLL for (int v = 0; v < V; ++v) {
      const auto bias = hn::LoadU(d, m.bias + v * L);
      APICAL_UNROLL for (int r = 0; r < R; ++r) sum[r][v] = bias;
    }
  } else {
    APICAL_UNROLL for (int r = 0; r < R; ++r) {
      APICAL_UNROLL for (int v = 0; v < V; ++v) sum[r][v] = hn::Zero(d);
    }
  }
  for (std::size_t k = 0; k < depth; ++k) {
    // Weights come from the second cache level, and strided rates escape the hardware's prefetcher: 5 to 10 %
    // of the peak.
    if constexpr (walk == Walk::along_rows) {
      constexpr std::size_t kLine = 64 / sizeof(T);
      for (std::size_t i = 0; i < V * L; i += kLine) __builtin_prefetch(b + (k + 16) * ldb + i);
    } else {
      __builtin_prefetch(a + (k + 8) * lda);
    }
    hn::Vec<D> w[V];
    APICAL_UNROLL for (int v = 0; v < V; ++v) w[v] = hn::LoadU(d, b + k * ldb + v * L);
    APICAL_UNROLL for (int r = 0; r < R; ++r) {
      const auto x = hn::Set(d, walk == Walk::along_rows ? a[r * lda + k] : a[k * lda + r]);
      APICAL_UNROLL for (int v = 0; v < V; ++v) sum[r][v] = hn::MulAdd(x, w[v], sum[r][v]);
    }
  }
  APICAL_UNROLL for (int r = 0; r < R; ++r) {
    APICAL_UNROLL for (int v = 0; v < V; ++v) hn::StoreU(sum[r][v], d, c + r * ldc + v * L);
  }
}

// Runs the micro-kernel over `count` rows of c in near-equal blocks of at most kMax: 13 rows are 7 + 6.
template <int kMax, int V, Walk walk, class T>
void row_blocks(Micro<T> m, std::size_t count) {
  const std::size_t step = walk == Walk::along_rows ? m.lda : 1;
  for (std::size_t blocks = (count + kMax - 1) / kMax; blocks > 0; --blocks) {
    const std::size_t rows = (count + blocks - 1) / blocks;
    switch (rows) {
#define APICAL_ROWS(R)                                       \
  case R:                                                    \
    if constexpr (R <= kMax) micro_kernel<R, V, walk, T>(m); \
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
#undef APICAL_ROWS
      default:
        break;
    }
    m.a += rows * step;
    m.c += rows * m.ldc;
    count -= rows;
  }
}

// Walks one panel of `width` columns in vectors: pairs first, then the one that may be left in a half panel.
template <Walk walk, class T>
void panel_columns(Micro<T> m, std::size_t width, std::size_t count) {
  constexpr std::size_t L = hn::MaxLanes(PanelTag<T>());
  std::size_t column = 0;
  const auto advance = [&m, &column](std::size_t step) {
    m.b += step;
    m.c += step;
    if (m.bias) m.bias += step;
    column += step;
  };
  while (column + 2 * L <= width) {
    row_blocks<kRowsTwoVectors, 2, walk>(m, count);
    advance(2 * L);
  }
  if (column < width) row_blocks<kRowsOneVector, 1, walk>(m, count);
}

template <class T>
void product(const Product<T>& p) {
  const std::size_t columns = padded<T>(p.n_out);
  const T* bias = p.start == Start::bias ? p.bias : nullptr;
  for (std::size_t first = 0; first < columns; first += kPanel<T>) {
    const std::size_t width = HWY_MIN(kPanel<T>, columns - first);
    panel_columns<Walk::along_rows>(Micro<T>{p.a, p.lda, p.w + first * p.n_in, width, p.n_in,
                                             bias ? bias + first : nullptr, p.c + first, p.ldc, p.start},
                                    width, p.rows);
  }
}

template <class T>
void outer_product(const OuterProduct<T>& o) {
  const std::size_t columns = padded<T>(o.n_out);
  for (std::size_t panel = o.first_panel; panel < o.first_panel + o.panels; ++panel) {
    const std::size_t first = panel * kPanel<T>, width = HWY_MIN(kPanel<T>, columns - first);
    T* g = o.g + first * o.n_in + o.first_k * width;
    panel_columns<Walk::across_rows>(
        Micro<T>{o.x + o.first_k, o.ldx, o.e + first, o.lde, o.rows, nullptr, g, width, o.start}, width,
        o.k_count);
  }
}

// Twelve independent chains of multiply-adds. Each has a start value of its own: equal chains are merged by
// the compiler, and the peak then reads too high.
template <class T>
double peak(long iterations) {
  constexpr int kChains = 12;
  const hn::ScalableTag<T> d;
  const T tiny = static_cast<T>(iterations) * T(1e-30);
  const auto factor = hn::Set(d, T(1) - tiny);
  hn::Vec<decltype(d)> chain[kChains];
  APICAL_UNROLL for (int i = 0; i < kChains; ++i) chain[i] = hn::Set(d, tiny + static_cast<T>(i));
  for (long n = 0; n < iterations; ++n) {
    APICAL_UNROLL for (int i = 0; i < kChains; ++i) chain[i] = hn::MulAdd(chain[i], factor, factor);
  }
  auto sum = chain[0];
  APICAL_UNROLL for (int i = 1; i < kChains; ++i) sum = hn::Add(sum, chain[i]);
  // The result has to be used, and cannot be NaN: it only ever adds zero.
  const T used = hn::GetLane(hn::SumOfLanes(d, sum));
  const double operations = static_cast<double>(iterations) * kChains * 2 * static_cast<double>(hn::Lanes(d));
  return operations + (used < T(0) ? 1.0 : 0.0);
}
