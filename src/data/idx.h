// IDX files, the format of MNIST (Y. LeCun, C. Cortes, C. Burges: "The MNIST database"): a big-endian magic
// number 0x0000TTDD (TT element type, DD number of dimensions), DD extents of 32 bits, then the elements,
// row-major.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/array.h"

namespace apical {

inline constexpr std::uint32_t kIdxImages = 0x00000803;  // bytes in three dimensions
inline constexpr std::uint32_t kIdxLabels = 0x00000801;  // bytes in one dimension

// Reads an IDX file, plain or gzip; a plain file of bytes stays mapped. Throws Error if it is truncated, has
// bytes to spare, or its magic number is none of IDX or not `expected_magic` (0: any).
Array read_idx(const std::filesystem::path& file, std::uint32_t expected_magic = 0);

// The IDX file of these bytes (shape: images [N, rows, cols], or labels [N]).
std::vector<std::byte> idx_header(std::span<const std::size_t> shape);

}  // namespace apical
