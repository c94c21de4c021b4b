// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): random words as a pure function of a counter and a key. Scalar; for
// initial weights and orders. The vectorised twin for noise in settling stands in kernels/.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace apical {

constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

// A stream of numbers named by (seed, name); number i is a pure function of both.
class RandomStream {
 public:
  constexpr RandomStream(std::uint64_t seed, std::string_view name)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {
    for (const char c : name) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u;  // FNV-1a
  }

  constexpr std::array<std::uint32_t, 4> words(std::uint64_t i) const {
    return philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32),
                   static_cast<std::uint32_t>(hash_), static_cast<std::uint32_t>(hash_ >> 32)},
                  key_);
  }
  // In (0, 1), with 53 bits.
  constexpr double uniform(std::uint64_t i) const {
    const auto w = words(i);
    return (static_cast<double>((std::uint64_t{w[0]} << 21) ^ (w[1] >> 11)) + 0.5) * 0x1p-53;
  }
  // Standard normal (Box and Muller 1958).
  double normal(std::uint64_t i) const {
    const auto w = words(i);
    const double u = (static_cast<double>((std::uint64_t{w[0]} << 21) ^ (w[1] >> 11)) + 0.5) * 0x1p-53;
    const double v = (static_cast<double>((std::uint64_t{w[2]} << 21) ^ (w[3] >> 11)) + 0.5) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

}  // namespace apical
