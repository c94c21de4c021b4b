// Small dense systems, one in each lane. Included once per instruction-set namespace, inside it.

// Gaussian elimination with partial pivoting. Lanes may choose different pivots: rows are exchanged by
// selection. Every lane's arithmetic is that of one system alone.
inline void solve(std::size_t n, double* a, double* b) {
  constexpr std::size_t S = kSystems;
  const auto entry = [&](std::size_t row, std::size_t column) HWY_ATTR { return a + (row * n + column) * S; };
  const auto exchange = [](const double* pivot, double row, double* HWY_RESTRICT x, double* HWY_RESTRICT y)
                            HWY_ATTR {
                              APICAL_IVDEP
                              for (std::size_t s = 0; s < S; ++s) {
                                const double above = x[s], below = y[s];
                                x[s] = pivot[s] == row ? below : above;
                                y[s] = pivot[s] == row ? above : below;
                              }
                            };
  const auto subtract = [](const double* factor, const double* HWY_RESTRICT x, double* HWY_RESTRICT y)
                            HWY_ATTR {
                              APICAL_IVDEP
                              for (std::size_t s = 0; s < S; ++s) y[s] -= factor[s] * x[s];
                            };
  for (std::size_t k = 0; k < n; ++k) {
    double pivot[S], largest[S], factor[S];  // rows as numbers: then all lanes are of one width
    for (std::size_t s = 0; s < S; ++s) {
      pivot[s] = static_cast<double>(k);
      largest[s] = magnitude(entry(k, k)[s]);
    }
    for (std::size_t row = k + 1; row < n; ++row) {
      const double* candidate = entry(row, k);
      const auto number = static_cast<double>(row);
      APICAL_IVDEP
      for (std::size_t s = 0; s < S; ++s) {
        const double size = magnitude(candidate[s]);
        pivot[s] = size > largest[s] ? number : pivot[s];
        largest[s] = size > largest[s] ? size : largest[s];
      }
    }
    for (std::size_t row = k + 1; row < n; ++row) {
      const auto number = static_cast<double>(row);
      for (std::size_t column = k; column < n; ++column)
        exchange(pivot, number, entry(k, column), entry(row, column));
      exchange(pivot, number, b + k * S, b + row * S);
    }
    for (std::size_t row = k + 1; row < n; ++row) {
      for (std::size_t s = 0; s < S; ++s) factor[s] = entry(row, k)[s] / entry(k, k)[s];
      for (std::size_t column = k + 1; column < n; ++column)
        subtract(factor, entry(k, column), entry(row, column));
      subtract(factor, b + k * S, b + row * S);
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t column = k + 1; column < n; ++column)
      subtract(entry(k, column), b + column * S, b + k * S);
    for (std::size_t s = 0; s < S; ++s) b[k * S + s] /= entry(k, k)[s];
  }
}
