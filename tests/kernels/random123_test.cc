#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <random>

#include "kernels/noise_words.h"

namespace apical {
namespace {

TEST(Philox, AgreesWithItsAuthorsCode) {
  std::mt19937 generator(1);
  for (int i = 0; i < 10000; ++i) {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    for (auto& word : counter) word = generator();
    for (auto& word : key) word = generator();
    const r123::Philox4x32::ctr_type want =
        r123::Philox4x32()({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
    const auto got = philox_words(counter, key);
    for (std::size_t word = 0; word < 4; ++word) ASSERT_EQ(got[word], want[word]);
  }
}

TEST(Philox, TheSixteenQuadsOfABlockAreSixteenCounters) {
  std::uint32_t words[4][noise_words::kNoiseQuads];
  noise_words::philox_quads({5, 6}, 160, 1, 2, 3, words);
  for (std::uint32_t q = 0; q < 16; ++q) {
    const auto want = r123::Philox4x32()({{160 + q, 1, 2, 3}}, {{5, 6}});
    for (std::size_t word = 0; word < 4; ++word) ASSERT_EQ(words[word][q], want[word]);
  }
}

}  // namespace
}  // namespace apical
