#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "apical/data_split.h"
#include "apical/error.h"

namespace apical {
namespace {

enum class Purpose : std::uint64_t { split = 1, subset = 2, epoch = 3 };

// SplitMix64's finaliser.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

class SplitMix64 {
 public:
  SplitMix64(Purpose purpose, std::uint64_t seed, std::uint64_t index)
      : state_(mix(mix(mix(static_cast<std::uint64_t>(purpose)) + seed) + index)) {}

  // Uniform in 0 … n-1, n at least 1.
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = next_32() * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t threshold = -n % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = next_32() * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  std::uint64_t next_32() {
    state_ += 0x9e3779b97f4a7c15U;
    return mix(state_) >> 32;
  }

  std::uint64_t state_;
};

std::vector<std::uint32_t> shuffled(std::vector<std::uint32_t> samples, SplitMix64 generator) {
  for (std::size_t n = samples.size(); n > 1; --n) {
    std::swap(samples[n - 1], samples[generator.below(static_cast<std::uint32_t>(n))]);
  }
  return samples;
}

}  // namespace

Split split(std::size_t size, std::size_t validation_count, std::uint64_t seed) {
  if (size >> 32 != 0) throw Error("split", fmt::format("{} samples are more than 2^32 - 1.", size));
  if (validation_count >= size && validation_count > 0) {
    throw Error(
        "split",
        fmt::format(
            "{} samples cannot be set aside: there are {}, and at least one has to stay for training.",
            validation_count, size));
  }
  std::vector<std::uint32_t> all(size);
  std::iota(all.begin(), all.end(), 0U);
  const auto order = shuffled(std::move(all), {Purpose::split, seed, 0});
  const auto border = order.begin() + static_cast<std::ptrdiff_t>(validation_count);
  Split parts{{border, order.end()}, {order.begin(), border}};
  std::sort(parts.train.begin(), parts.train.end());
  std::sort(parts.validation.begin(), parts.validation.end());
  return parts;
}

std::vector<std::uint32_t> subset(std::span<const std::uint32_t> samples, std::size_t count,
                                  std::uint64_t seed) {
  if (count > samples.size()) {
    throw Error("subset", fmt::format("{} samples were asked for, but there are {}.", count, samples.size()));
  }
  auto order = shuffled({samples.begin(), samples.end()}, {Purpose::subset, seed, 0});
  order.resize(count);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<std::uint32_t> epoch_order(std::span<const std::uint32_t> samples, std::uint64_t seed,
                                       std::uint64_t epoch) {
  return shuffled({samples.begin(), samples.end()}, {Purpose::epoch, seed, epoch});
}

}  // namespace apical
