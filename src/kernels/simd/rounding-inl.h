// Floats rounded to pairs of bfloat16. Included once per instruction-set namespace, inside it.

// The upper halves in place, the lower ones zero.
template <class V>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<hn::DFromV<V>>> rounded(V x) {
  const hn::RebindToUnsigned<hn::DFromV<V>> words;
  const auto bits = hn::BitCast(words, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
  const auto nearest = hn::Add(bits, hn::Add(odd, hn::Set(words, 0x7FFFu)));
  const auto not_a_number = hn::Or(bits, hn::Set(words, 0x400000u));
  const auto kept = hn::IfThenElse(hn::RebindMask(words, hn::IsNaN(x)), not_a_number, nearest);
  return hn::And(kept, hn::Set(words, 0xFFFF0000u));
}

template <class V>
HWY_INLINE auto paired(V earlier, V later) {
  return hn::Or(hn::ShiftRight<16>(rounded(earlier)), rounded(later));
}

inline void round_across(const Rounding& r) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> words;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t row = 0; row < r.rows; row += 2) {
    const float* HWY_RESTRICT first = r.from + row * r.stride;
    const bool alone = row + 1 == r.rows;
    const float* HWY_RESTRICT second = alone ? first : first + r.stride;
    Bfloat16Pair* HWY_RESTRICT to = r.to + row / 2 * r.to_stride;
    std::size_t k = 0;
    for (; k + lanes <= r.n; k += lanes) {
      const auto later = alone ? hn::Zero(d) : hn::LoadU(d, second + k);
      hn::StoreU(paired(hn::LoadU(d, first + k), later), words, to + k);
    }
    for (; k < r.n; ++k) to[k] = bfloat16_pair(first[k], alone ? 0.0f : second[k]);
  }
}

// Neighbours of one row: an earlier number is the lower half of the 64 bits that both take.
inline void round_along(const Rounding& r) {
  for (std::size_t row = 0; row < r.rows; ++row) {
    const float* HWY_RESTRICT from = r.from + row * r.stride;
    Bfloat16Pair* HWY_RESTRICT to = r.to + row * r.to_stride;
    const std::size_t whole = r.n / 2;
    APICAL_IVDEP
    for (std::size_t k = 0; k < whole; ++k) to[k] = bfloat16_pair(from[2 * k], from[2 * k + 1]);
    if (r.n % 2 != 0) to[whole] = bfloat16_pair(from[r.n - 1], 0.0f);
  }
}
