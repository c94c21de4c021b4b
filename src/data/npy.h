// NPY and NPZ files, NumPy's formats (NumPy Enhancement Proposal 1; numpy.lib.format): one array, and a zip
// archive of arrays.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "data/array.h"

namespace apical {

// Reads one array of booleans, integers, float32 or float64, in C order and either byte order. Throws Error
// if the file is truncated, has trailing bytes, no NPY header, another element type, or Fortran order.
Array read_npy(const std::filesystem::path& file);
Array parse_npy(std::span<const std::byte> bytes, const std::string& where);

// Reads the named arrays (without ".npy") that are in the archive, stored or deflated; others are skipped.
// Throws Error if the file is no zip archive, an entry is damaged, or one of them is no array as above.
std::map<std::string, Array> read_npz(const std::filesystem::path& file, std::span<const std::string> names);

}  // namespace apical
