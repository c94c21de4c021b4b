// The noise of noise-inl.h for float in explicit vectors: the same words, the same transform, twice as fast as the plain loops, which
// the compiler fills with shuffles. Included once per instruction-set namespace, after noise-inl.h; `hn` is hwy::HWY_NAMESPACE.

#if HWY_TARGET == HWY_SCALAR
inline void normal_in_vectors(const NoiseBlock<float>& block) { normal(block); }
#else

using NoiseTag = hn::CappedTag<float, kNoiseQuads>;
using WordTag = hn::RebindToUnsigned<NoiseTag>;

// −ln((word + ½) / 2^32). Above one half it is taken through 1 − u, which a float can still tell from zero. The logarithm is
// f − f²/2 + f³ P(f) after the power of two, P our own fit, within 2e-8: no division, for the square root occupies the divider already.
inline hn::Vec<NoiseTag> minus_log_of(hn::Vec<WordTag> word) {
  using F = Format<float>;
  const NoiseTag d;
  const WordTag du;
  const hn::RebindToSigned<NoiseTag> di;
  const auto fold = hn::ShiftRight<31>(hn::BitCast(di, word));  // −1 above one half
  const auto small = hn::ConvertTo(d, hn::Xor(hn::BitCast(di, word), fold));
  const auto share = hn::Mul(hn::Add(small, hn::Set(d, 0.5f)), hn::Set(d, 2.3283064365386962890625e-10f));
  const auto base = hn::And(hn::BitCast(d, fold), hn::Set(d, 1.0f));
  const auto x = hn::Xor(share, hn::And(hn::BitCast(d, fold), hn::Set(d, -0.0f)));
  // base + x = 2^k (1 + f) with 1 + f in [√½, √2)
  const auto biased = hn::ShiftRight<23>(
      hn::Add(hn::BitCast(du, hn::Add(base, x)), hn::Set(du, (F::kBias << F::kMantissa) - F::kSqrtHalf)));
  const auto k =
      hn::ConvertTo(d, hn::Sub(hn::BitCast(di, biased), hn::Set(di, static_cast<std::int32_t>(F::kBias))));
  const auto scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::Sub(hn::Set(du, 2 * F::kBias), biased)));
  const auto f = hn::MulAdd(x, scale, hn::MulSub(base, scale, hn::Set(d, 1.0f)));
  const auto next = [&](hn::Vec<NoiseTag> p, float c) HWY_ATTR { return hn::MulAdd(p, f, hn::Set(d, c)); };
  const auto high =
      next(next(next(hn::Set(d, -0.079027437724f), 0.12622319849f), -0.12998183764f), 0.14214495924f);
  const auto p =
      next(next(next(next(high, -0.16641281463f), 0.20001045094f), -0.25000306423f), 0.33333330728f);
  const auto f2 = hn::Mul(f, f);
  const auto small_part = hn::MulAdd(hn::Mul(f2, f), p, hn::Mul(k, hn::Set(d, F::kLn2Low)));
  const auto part = hn::Add(hn::NegMulAdd(f2, hn::Set(d, 0.5f), small_part), f);
  return hn::NegMulSub(k, hn::Set(d, F::kLn2High), part);
}

// radius · (cosine, sine) of 2π word / 2^32: the quadrant is taken off exactly, as an integer.
struct NoisePair {
  hn::Vec<NoiseTag> first, second;
};

inline NoisePair normal_pair(hn::Vec<WordTag> radius_word, hn::Vec<WordTag> angle_word) {
  const NoiseTag d;
  const WordTag du;
  const hn::RebindToSigned<NoiseTag> di;
  const auto minus_log = minus_log_of(radius_word);
  const auto radius = hn::Sqrt(hn::Add(minus_log, minus_log));
  const auto quadrant = hn::ShiftRight<30>(hn::Add(angle_word, hn::Set(du, 0x20000000u)));
  const auto rest = hn::BitCast(di, hn::Sub(angle_word, hn::ShiftLeft<30>(quadrant)));
  const auto a = hn::Mul(hn::ConvertTo(d, rest), hn::Set(d, 1.46291807926715968105e-9f));  // 2π / 2^32
  const auto a2 = hn::Mul(a, a);
  const auto s = hn::MulAdd(hn::MulAdd(hn::Set(d, -0.00019588006884f), a2, hn::Set(d, 0.0083327489916f)), a2,
                            hn::Set(d, -0.16666664668f));
  const auto c = hn::MulAdd(hn::MulAdd(hn::Set(d, 2.4554803846e-5f), a2, hn::Set(d, -0.0013888303636f)), a2,
                            hn::Set(d, 0.041666664664f));
  const auto sine = hn::MulAdd(hn::Mul(a, a2), s, a);
  const auto cosine = hn::MulAdd(hn::Mul(a2, a2), c, hn::MulAdd(a2, hn::Set(d, -0.5f), hn::Set(d, 1.0f)));
  // quadrants 1 and 3 swap; cosine is negative in 1 and 2, sine in 2 and 3
  const auto swapped = hn::RebindMask(d, hn::TestBit(quadrant, hn::Set(du, 1u)));
  const auto sign_of = [&](hn::Vec<WordTag> q) HWY_ATTR {
    return hn::BitCast(d, hn::ShiftLeft<30>(hn::And(q, hn::Set(du, 2u))));
  };
  const auto cosine_sign = sign_of(hn::Add(quadrant, hn::Set(du, 1u))), sine_sign = sign_of(quadrant);
  return {hn::Mul(radius, hn::Xor(hn::IfThenElse(swapped, sine, cosine), cosine_sign)),
          hn::Mul(radius, hn::Xor(hn::IfThenElse(swapped, cosine, sine), sine_sign))};
}

// Vectors of quads that are worked on together: a round waits for its products, and one block alone would leave the units idle.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kSets = 2;
#else
inline constexpr int kSets = 1;
#endif

// Philox with one quad in each 64-bit lane: a word is the lower half of its lane. The upper half is whatever was left there, which neither
// the products nor a later word's lower half mind. The words of kTogether vectors of quads, beginning with `quad` of `out`.
template <int kTogether>
inline void normals_of_quads(PhiloxKey key, std::uint32_t first, std::uint32_t c1, std::uint32_t c2,
                             std::uint32_t c3, std::size_t quad, float* out) {
  const WordTag d;
  const hn::Repartition<std::uint64_t, WordTag> d64;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  constexpr int kHalves = 2 * kTogether;
  using V = hn::Vec<decltype(d64)>;
  const auto upper_half = [&](V product)
                              HWY_ATTR { return hn::BitCast(d64, hn::DupOdd(hn::BitCast(d, product))); };
  const auto times = [&](V word, std::uint32_t factor)
                         HWY_ATTR { return hn::MulEven(hn::BitCast(d, word), hn::Set(d, factor)); };
  V words[kHalves][4];
  APICAL_UNROLL for (int half = 0; half < kHalves; ++half) {
    words[half][0] = hn::Iota(d64, first + quad + static_cast<std::size_t>(half) * (kLanes / 2));
    words[half][1] = hn::Set(d64, c1);
    words[half][2] = hn::Set(d64, c2);
    words[half][3] = hn::Set(d64, c3);
  }
  std::uint32_t k0 = key.k0, k1 = key.k1;
  APICAL_UNROLL for (int round = 0; round < 10; ++round) {
    APICAL_UNROLL for (int half = 0; half < kHalves; ++half) {
      V* w = words[half];
      const V a = times(w[0], 0xd2511f53u), b = times(w[2], 0xcd9e8d57u);
      w[0] = hn::Xor(hn::Xor(upper_half(b), w[1]), hn::Set(d64, k0));
      w[2] = hn::Xor(hn::Xor(upper_half(a), w[3]), hn::Set(d64, k1));
      w[1] = b;
      w[3] = a;
    }
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  APICAL_UNROLL for (int set = 0; set < kTogether; ++set) {
    const auto word = [&](int w) HWY_ATTR {
      return hn::ConcatEven(d, hn::BitCast(d, words[2 * set + 1][w]), hn::BitCast(d, words[2 * set][w]));
    };
    // a block of units after the other, and in it the words of a quad sixteen units apart
    const std::size_t q = quad + static_cast<std::size_t>(set) * kLanes;
    float* to = out + q / kNoiseQuads * kNoiseBlock + q % kNoiseQuads;
    APICAL_UNROLL for (int pair = 0; pair < 2; ++pair) {
      const NoisePair normals = normal_pair(word(2 * pair), word(2 * pair + 1));
      hn::StoreU(normals.first, NoiseTag(), to + 2 * pair * kNoiseQuads);
      hn::StoreU(normals.second, NoiseTag(), to + (2 * pair + 1) * kNoiseQuads);
    }
  }
}

inline void normal_in_vectors(const NoiseBlock<float>& block) {
  normal_rows(block, [](PhiloxKey key, std::uint32_t first, std::uint32_t c1, std::uint32_t c2,
                        std::uint32_t c3, std::size_t blocks, float* out) HWY_ATTR {
    constexpr std::size_t kLanes = hn::MaxLanes(NoiseTag());
    const std::size_t quads = blocks * kNoiseQuads;
    std::size_t quad = 0;
    for (; quad + kSets * kLanes <= quads; quad += kSets * kLanes)
      normals_of_quads<kSets>(key, first, c1, c2, c3, quad, out);
    for (; quad + kLanes <= quads; quad += kLanes) normals_of_quads<1>(key, first, c1, c2, c3, quad, out);
  });
}

#endif  // HWY_SCALAR
