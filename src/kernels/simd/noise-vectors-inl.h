// The noise of noise-inl.h for float in explicit vectors: the same words, the same transform, twice as fast as the plain loops, which
// the compiler fills with shuffles. Included once per instruction-set namespace, after noise-inl.h; `hn` is hwy::HWY_NAMESPACE.

#if HWY_TARGET == HWY_SCALAR
inline void normal_in_vectors(const NoiseBlock<float>& block) { normal(block); }
#else

using NoiseTag = hn::CappedTag<float, kNoiseQuads>;
using WordTag = hn::RebindToUnsigned<NoiseTag>;
using NoiseVec = hn::Vec<NoiseTag>;
using WordVec = hn::Vec<WordTag>;

// Vectors that go through the same steps side by side: each step waits for the one before, and the processor does not look far enough
// ahead to find another vector's by itself.
template <class V, int N>
struct Abreast {
  V v[N];
};

template <class F, class... V, int N>
HWY_INLINE auto each(const F& step, const Abreast<V, N>&... of) {
  Abreast<decltype(step(of.v[0]...)), N> result;
  APICAL_UNROLL for (int i = 0; i < N; ++i) result.v[i] = step(of.v[i]...);
  return result;
}

// −ln((word + ½) / 2^32). Above one half it is taken through 1 − u, which a float can still tell from zero. The logarithm is
// f − f²/2 + f³ P(f) after the power of two, P our own fit, within 2e-8: no division, for the square root occupies the divider already.
template <int N>
HWY_INLINE Abreast<NoiseVec, N> minus_log_of(const Abreast<WordVec, N>& word) {
  using F = Format<float>;
  using Vec = NoiseVec;
  const NoiseTag d;
  const WordTag du;
  const hn::RebindToSigned<NoiseTag> di;
  using Signed = hn::Vec<decltype(di)>;
  const auto signed_word = each([&](WordVec w) HWY_ATTR { return hn::BitCast(di, w); }, word);
  const auto fold =
      each([&](Signed w) HWY_ATTR { return hn::ShiftRight<31>(w); }, signed_word);  // −1 above one half
  const auto share = each(
      [&](Signed w, Signed m) HWY_ATTR {
        const Vec small = hn::ConvertTo(d, hn::Xor(w, m));
        return hn::Mul(hn::Add(small, hn::Set(d, 0.5f)), hn::Set(d, 2.3283064365386962890625e-10f));
      },
      signed_word, fold);
  const auto base =
      each([&](Signed m) HWY_ATTR { return hn::And(hn::BitCast(d, m), hn::Set(d, 1.0f)); }, fold);
  const auto x = each([&](Vec s, Signed m)
                          HWY_ATTR { return hn::Xor(s, hn::And(hn::BitCast(d, m), hn::Set(d, -0.0f))); },
                      share, fold);
  // base + x = 2^k (1 + f) with 1 + f in [√½, √2)
  const auto biased = each(
      [&](Vec b, Vec y) HWY_ATTR {
        return hn::ShiftRight<23>(
            hn::Add(hn::BitCast(du, hn::Add(b, y)), hn::Set(du, (F::kBias << F::kMantissa) - F::kSqrtHalf)));
      },
      base, x);
  const auto k = each(
      [&](WordVec b) HWY_ATTR {
        return hn::ConvertTo(d,
                             hn::Sub(hn::BitCast(di, b), hn::Set(di, static_cast<std::int32_t>(F::kBias))));
      },
      biased);
  const auto scale =
      each([&](WordVec b)
               HWY_ATTR { return hn::BitCast(d, hn::ShiftLeft<23>(hn::Sub(hn::Set(du, 2 * F::kBias), b))); },
           biased);
  const auto f =
      each([&](Vec y, Vec s, Vec b) HWY_ATTR { return hn::MulAdd(y, s, hn::MulSub(b, s, hn::Set(d, 1.0f))); },
           x, scale, base);
  auto p = each([&](Vec) HWY_ATTR { return hn::Set(d, -0.079027437724f); }, f);
  for (const float c : {0.12622319849f, -0.12998183764f, 0.14214495924f, -0.16641281463f, 0.20001045094f,
                        -0.25000306423f, 0.33333330728f})
    p = each([&](Vec q, Vec g) HWY_ATTR { return hn::MulAdd(q, g, hn::Set(d, c)); }, p, f);
  return each(
      [&](Vec g, Vec q, Vec power) HWY_ATTR {
        const Vec g2 = hn::Mul(g, g);
        const Vec small_part = hn::MulAdd(hn::Mul(g2, g), q, hn::Mul(power, hn::Set(d, F::kLn2Low)));
        const Vec part = hn::Add(hn::NegMulAdd(g2, hn::Set(d, 0.5f), small_part), g);
        return hn::NegMulSub(power, hn::Set(d, F::kLn2High), part);
      },
      f, p, k);
}

// radius · (cosine, sine) of 2π word / 2^32: the quadrant is taken off exactly, as an integer.
template <int N>
struct NoisePairs {
  Abreast<NoiseVec, N> first, second;
};

template <int N>
HWY_INLINE NoisePairs<N> normal_pairs(const Abreast<WordVec, N>& radius_word,
                                      const Abreast<WordVec, N>& angle_word) {
  using Vec = NoiseVec;
  const NoiseTag d;
  const WordTag du;
  const hn::RebindToSigned<NoiseTag> di;
  const auto radius =
      each([&](Vec m) HWY_ATTR { return hn::Sqrt(hn::Add(m, m)); }, minus_log_of(radius_word));
  const auto quadrant =
      each([&](WordVec w) HWY_ATTR { return hn::ShiftRight<30>(hn::Add(w, hn::Set(du, 0x20000000u))); },
           angle_word);
  const auto a = each(
      [&](WordVec w, WordVec q) HWY_ATTR {
        const auto rest = hn::BitCast(di, hn::Sub(w, hn::ShiftLeft<30>(q)));
        return hn::Mul(hn::ConvertTo(d, rest), hn::Set(d, 1.46291807926715968105e-9f));  // 2π / 2^32
      },
      angle_word, quadrant);
  const auto a2 = each([&](Vec b) HWY_ATTR { return hn::Mul(b, b); }, a);
  const auto sine = each(
      [&](Vec b, Vec b2) HWY_ATTR {
        const Vec s = hn::MulAdd(hn::MulAdd(hn::Set(d, -0.00019588006884f), b2, hn::Set(d, 0.0083327489916f)),
                                 b2, hn::Set(d, -0.16666664668f));
        return hn::MulAdd(hn::Mul(b, b2), s, b);
      },
      a, a2);
  const auto cosine = each(
      [&](Vec b2) HWY_ATTR {
        const Vec c = hn::MulAdd(hn::MulAdd(hn::Set(d, 2.4554803846e-5f), b2, hn::Set(d, -0.0013888303636f)),
                                 b2, hn::Set(d, 0.041666664664f));
        return hn::MulAdd(hn::Mul(b2, b2), c, hn::MulAdd(b2, hn::Set(d, -0.5f), hn::Set(d, 1.0f)));
      },
      a2);
  // quadrants 1 and 3 swap; cosine is negative in 1 and 2, sine in 2 and 3
  const auto in_quadrant = [&](std::uint32_t turn, const auto& own, const auto& other) HWY_ATTR {
    return each(
        [&](Vec r, WordVec q, Vec mine, Vec theirs) HWY_ATTR {
          const auto swapped = hn::RebindMask(d, hn::TestBit(q, hn::Set(du, 1u)));
          const auto sign = hn::ShiftLeft<30>(hn::And(hn::Add(q, hn::Set(du, turn)), hn::Set(du, 2u)));
          return hn::Mul(r, hn::Xor(hn::IfThenElse(swapped, theirs, mine), hn::BitCast(d, sign)));
        },
        radius, quadrant, own, other);
  };
  return {in_quadrant(1, cosine, sine), in_quadrant(0, sine, cosine)};
}

// A vector of quads: where its numbers go, sixteen units apart, and the words of its counters that differ.
struct NoisePlace {
  float* to;
  std::uint32_t quad, sample;
};

// Places that are worked on together.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kPlaces = 2;
#else
inline constexpr int kPlaces = 1;
#endif

// Philox with one quad in each 64-bit lane: a word is the lower half of its lane. The upper half is whatever was left there, which neither
// the products nor a later word's lower half mind.
template <int kTogether>
inline void normals_at(const NoisePlace* places, PhiloxKey key, std::uint32_t step, std::uint32_t epoch) {
  const WordTag d;
  const hn::Repartition<std::uint64_t, WordTag> d64;
  constexpr int kHalves = 2 * kTogether;
  using V = hn::Vec<decltype(d64)>;
  const auto upper_half = [&](V product) HWY_ATTR { return hn::ShiftRight<32>(product); };
  const auto times = [&](V word, std::uint32_t factor)
                         HWY_ATTR { return hn::MulEven(hn::BitCast(d, word), hn::Set(d, factor)); };
  const V lanes = hn::Iota(d64, 0);
  V words[kHalves][4];
  APICAL_UNROLL for (int half = 0; half < kHalves; ++half) {
    const NoisePlace& place = places[half / 2];
    const std::uint64_t first = place.quad + static_cast<std::size_t>(half % 2) * hn::MaxLanes(d64);
    words[half][0] = hn::Add(hn::Set(d64, first), lanes);
    words[half][1] = hn::Set(d64, step);
    words[half][2] = hn::Set(d64, place.sample);
    words[half][3] = hn::Set(d64, epoch);
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
  // a place's words 0 and 1 are a pair, and 2 and 3
  Abreast<WordVec, kHalves> radius, angle;
  APICAL_UNROLL for (int pair = 0; pair < kHalves; ++pair) {
    const auto word = [&](int w) HWY_ATTR {
      const V *low = words[pair / 2 * 2], *high = words[pair / 2 * 2 + 1];
      return hn::ConcatEven(d, hn::BitCast(d, high[w]), hn::BitCast(d, low[w]));
    };
    radius.v[pair] = word(pair % 2 * 2);
    angle.v[pair] = word(pair % 2 * 2 + 1);
  }
  const NoisePairs<kHalves> normals = normal_pairs(radius, angle);
  APICAL_UNROLL for (int pair = 0; pair < kHalves; ++pair) {
    float* to = places[pair / 2].to + pair % 2 * 2 * kNoiseQuads;
    hn::StoreU(normals.first.v[pair], NoiseTag(), to);
    hn::StoreU(normals.second.v[pair], NoiseTag(), to + kNoiseQuads);
  }
}

// Places come one by one, and are worked off as soon as there are enough of them.
class NoiseQueue {
 public:
  NoiseQueue(PhiloxKey key, std::uint32_t step, std::uint32_t epoch)
      : key_(key), step_(step), epoch_(epoch) {}
  // All quads of a block of units, the first of them `quad`.
  void block(float* to, std::uint32_t quad, std::uint32_t sample) {
    constexpr std::uint32_t kLanes = hn::MaxLanes(NoiseTag());
    for (std::uint32_t q = 0; q < kNoiseQuads; q += kLanes) {
      places_[count_++] = {to + q, quad + q, sample};
      if (count_ < kPlaces) continue;
      normals_at<kPlaces>(places_, key_, step_, epoch_);
      count_ = 0;
    }
  }
  void finish() {
    for (int i = 0; i < count_; ++i) normals_at<1>(places_ + i, key_, step_, epoch_);
    count_ = 0;
  }

 private:
  PhiloxKey key_;
  std::uint32_t step_, epoch_;
  NoisePlace places_[kPlaces];
  int count_ = 0;
};

// What the last block of a row has beyond the row goes to a store of its own.
inline void normal_in_vectors(const NoiseBlock<float>& block) {
  constexpr std::size_t kRows = 16;  // rows whose last blocks are kept at once
  float last[kRows][kNoiseBlock];
  NoiseQueue queue(noise_key(block.key.seed, block.key.stream), block.step, block.key.epoch);
  const std::size_t whole = block.n / kNoiseBlock, left = block.n % kNoiseBlock,
                    padding = padded<float>(block.n) - block.n;
  const auto first = static_cast<std::uint32_t>(block.first_unit / kNoiseBlock * kNoiseQuads);
  const auto quad_of = [&](std::size_t b) { return first + static_cast<std::uint32_t>(b * kNoiseQuads); };
  for (std::size_t begin = 0; begin < block.samples.size(); begin += kRows) {
    const std::size_t rows = HWY_MIN(kRows, block.samples.size() - begin);
    for (std::size_t row = 0; row < rows; ++row) {
      float* out = block.out + (begin + row) * block.ld;
      const std::uint32_t sample = block.samples[begin + row];
      for (std::size_t b = 0; b < whole; ++b) queue.block(out + b * kNoiseBlock, quad_of(b), sample);
      if (left > 0) queue.block(last[row], quad_of(whole), sample);
    }
    queue.finish();
    for (std::size_t row = 0; row < rows; ++row) {
      float* out = block.out + (begin + row) * block.ld + whole * kNoiseBlock;
      for (std::size_t i = 0; i < left; ++i) out[i] = last[row][i];
      for (std::size_t i = left; i < left + padding; ++i) out[i] = 0;
    }
  }
}

#endif  // HWY_SCALAR
