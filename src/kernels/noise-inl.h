// Counter-based standard normal noise: Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random
// numbers: as easy as 1, 2, 3") and the Box–Muller transform. A number is a pure function of its key and
// place, so neither tiling nor threads nor the order of calls can change it.
//   key      (k0, k1) = the low and high half of hash(seed, stream), see noise_key
//   counter  (16 · block + q, step, sample, epoch): block = unit / 64, quad q = 0 … 15
//   words    the four words of quad q belong to the units 64 · block + 16 · w + q, w = 0 … 3
//   normals  words (0, 1) and (2, 3) are pairs (a, b): radius √(−2 ln((a + ½) / 2^32)), angle 2π b / 2^32;
//            the first unit of the pair gets radius · cos(angle), the second radius · sin(angle)
// So sixteen neighbouring units are one vector. Included once per instruction-set namespace, after the
// elementary functions: no guard, no includes.

inline constexpr std::size_t kNoiseBlock = 64, kNoiseQuads = 16;

struct PhiloxKey {
  std::uint32_t k0, k1;
};

// One round of SplitMix64's finaliser (Steele, Lea & Flood 2014).
APICAL_INLINE std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// hash(seed, stream) = mix(seed + mix(stream)).
APICAL_INLINE PhiloxKey noise_key(std::uint64_t seed, std::uint32_t stream) {
  const std::uint64_t hash = mix_bits(seed + mix_bits(stream));
  return {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32)};
}

// words[w][q]: Philox of the counters (first + q, c1, c2, c3), q = 0 … 15.
inline void philox_quads(PhiloxKey key, std::uint32_t first, std::uint32_t c1, std::uint32_t c2,
                         std::uint32_t c3, std::uint32_t (&words)[4][kNoiseQuads]) {
  for (std::uint32_t q = 0; q < kNoiseQuads; ++q) {
    words[0][q] = first + q;
    words[1][q] = c1;
    words[2][q] = c2;
    words[3][q] = c3;
  }
  std::uint32_t k0 = key.k0, k1 = key.k1;
  for (int round = 0; round < 10; ++round) {
    APICAL_IVDEP
    for (std::size_t q = 0; q < kNoiseQuads; ++q) {
      const std::uint64_t a = std::uint64_t{0xd2511f53u} * words[0][q];
      const std::uint64_t b = std::uint64_t{0xcd9e8d57u} * words[2][q];
      const std::uint32_t a_high = static_cast<std::uint32_t>(a >> 32), a_low = static_cast<std::uint32_t>(a);
      const std::uint32_t b_high = static_cast<std::uint32_t>(b >> 32), b_low = static_cast<std::uint32_t>(b);
      words[0][q] = b_high ^ words[1][q] ^ k0;
      words[1][q] = b_low;
      words[2][q] = a_high ^ words[3][q] ^ k1;
      words[3][q] = a_low;
    }
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
}

// √(−2 ln u), u = (word + ½) / 2^32. Above one half −ln u is taken through 1 − u, which a float can still
// tell from zero.
template <class T>
APICAL_INLINE T noise_radius(std::uint32_t word) {
  using W = Work<T>;
  const bool upper = (word >> 31) != 0;
  const auto small = static_cast<std::int32_t>(upper ? ~word : word);
  const W share = (static_cast<W>(small) + W(0.5)) * W(2.3283064365386962890625e-10);
#ifdef APICAL_REFERENCE
  const W minus_log = upper ? -log1p_of(-share) : -log_of(share);
#else
  const W minus_log = -log_of_sum(upper ? W(1) : W(0), upper ? -share : share);
#endif
  return static_cast<T>(sqrt_of(W(2) * minus_log));
}

template <class T>
struct Direction {
  T cosine, sine;
};

// Cosine and sine of 2π word / 2^32. The quadrant is taken off exactly, as an integer.
template <class T>
APICAL_INLINE Direction<T> noise_direction(std::uint32_t word) {
#ifdef APICAL_REFERENCE
  const double angle = 2 * 3.14159265358979323846 * word / 4294967296.0;
  return {static_cast<T>(std::cos(angle)), static_cast<T>(std::sin(angle))};
#else
  const std::uint32_t quadrant = (word + 0x20000000u) >> 30;
  const auto rest = static_cast<std::int32_t>(word - (quadrant << 30));  // −2^29 … 2^29
  const T a = static_cast<T>(rest) * T(1.46291807926715968105e-9);       // 2π / 2^32
  const T a2 = a * a;
  T s, c;
  if constexpr (sizeof(T) == 4) {
    s = polynomial(a2, -0.16666664668, 0.0083327489916, -0.00019588006884);
    c = polynomial(a2, 0.041666664664, -0.0013888303636, 2.4548038469e-5);
  } else {
    s = polynomial(a2, -0.1666666666666666463, 0.008333333333330950261, -0.0001984126983676083005,
                   2.755731610356389598e-6, -2.505113203027563415e-8, 1.591814116797688296e-10);
    c = polynomial(a2, 0.04166666666666666539, -0.001388888888888739822, 0.00002480158729876692969,
                   -2.755731727228560597e-7, 2.087614637004978912e-9, -1.138263892874852302e-11);
  }
  const T sine = fused(a * a2, s, a), cosine = fused(a2 * a2, c, fused(a2, T(-0.5), T(1)));
  // Arithmetic instead of branches: quadrants 1 and 3 swap, cosine is negative in 1 and 2, sine in 2 and 3.
  const T swap = static_cast<T>(static_cast<std::int32_t>(quadrant & 1u)), keep = T(1) - swap;
  const T cosine_sign = T(1) - static_cast<T>(static_cast<std::int32_t>((quadrant + 1u) & 2u));
  const T sine_sign = T(1) - static_cast<T>(static_cast<std::int32_t>(quadrant & 2u));
  return {cosine_sign * (keep * cosine + swap * sine), sine_sign * (keep * sine + swap * cosine)};
#endif
}

// The 64 normals of one block of units.
template <class T>
inline void normal_quads(const std::uint32_t (&words)[4][kNoiseQuads], T* out) {
  for (std::size_t pair = 0; pair < 2; ++pair) {
    T* first = out + 2 * pair * kNoiseQuads;
    const std::uint32_t *a = words[2 * pair], *b = words[2 * pair + 1];
    APICAL_IVDEP
    for (std::size_t q = 0; q < kNoiseQuads; ++q) {
      const T radius = noise_radius<T>(a[q]);
      const Direction<T> direction = noise_direction<T>(b[q]);
      first[q] = radius * direction.cosine;
      first[q + kNoiseQuads] = radius * direction.sine;
    }
  }
}

// The normals of `blocks` blocks of units, the first quad of the first one being `first`.
template <class T>
inline void normal_blocks(PhiloxKey key, std::uint32_t first, std::uint32_t c1, std::uint32_t c2,
                          std::uint32_t c3, std::size_t blocks, T* out) {
  std::uint32_t words[4][kNoiseQuads];
  for (std::size_t block = 0; block < blocks; ++block) {
    philox_quads(key, first + static_cast<std::uint32_t>(block * kNoiseQuads), c1, c2, c3, words);
    normal_quads(words, out + block * kNoiseBlock);
  }
}

// Rows of a layer: whole blocks in place, what is left of the last one by way of a block of its own.
template <class T>
void normal(const NoiseBlock<T>& block) {
  const PhiloxKey key = noise_key(block.key.seed, block.key.stream);
  const std::size_t width = padded<T>(block.n), rows = block.samples.size();
  const std::size_t whole = block.n / kNoiseBlock, in_whole = whole * kNoiseBlock;
  const auto first = static_cast<std::uint32_t>(block.first_unit / kNoiseBlock * kNoiseQuads);
  const auto last = first + static_cast<std::uint32_t>(whole * kNoiseQuads);
  for (std::size_t row = 0; row < rows; ++row) {
    T* out = block.out + row * block.ld;
    const std::uint32_t sample = block.samples[row];
    normal_blocks(key, first, block.step, sample, block.key.epoch, whole, out);
    if (in_whole < block.n) {
      T numbers[kNoiseBlock];
      normal_blocks(key, last, block.step, sample, block.key.epoch, 1, numbers);
      for (std::size_t i = in_whole; i < block.n; ++i) out[i] = numbers[i - in_whole];
    }
    for (std::size_t i = block.n; i < width; ++i) out[i] = T(0);
  }
}
