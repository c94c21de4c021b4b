// Which samples are used, and in which order: pure functions of the seed, the same on every machine.
//
// All of them shuffle by Fisher and Yates (from the last place down), each place drawing an index below n
// from SplitMix64 (Steele, Lea and Flood 2014) by Lemire's unbiased method (2019, ACM TOMACS 29:3) on the
// upper 32 bits. The generator starts at mix(mix(mix(purpose) + seed) + index), where mix is SplitMix64's
// finaliser and purpose tells apart the functions below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace apical {

struct Split {
  std::vector<std::uint32_t> train, validation;  // ascending, disjoint, together 0 … size-1

  bool operator==(const Split&) const = default;
};

// Sets `validation_count` of `size` samples aside. Throws Error if there are not more samples than that, or
// more than 2^32.
Split split(std::size_t size, std::size_t validation_count, std::uint64_t seed);

// `count` of the samples, ascending: "the same 20,000 images for every rule". With one seed, a smaller subset
// is contained in every greater one. Throws Error if there are fewer samples than that.
std::vector<std::uint32_t> subset(std::span<const std::uint32_t> samples, std::size_t count,
                                  std::uint64_t seed);

// The samples in the order in which the epoch (counted from 0) visits them.
std::vector<std::uint32_t> epoch_order(std::span<const std::uint32_t> samples, std::uint64_t seed,
                                       std::uint64_t epoch);

}  // namespace apical
