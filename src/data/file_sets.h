// Data sets from files of the user's: csv:, npz:, npy:, idx:.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apical/data.h"
#include "data/array.h"

namespace apical {

// Whether the name begins with the prefix of one of these formats.
bool is_file_set(std::string_view name);

// See load_dataset.
Dataset load_file_set(std::string_view name, std::string_view part, const LoadOptions& options);

// Inputs [N, …] and, where there are any, their labels or targets [N] or [N, m].
struct Samples {
  Array x;
  std::optional<Array> y;
  std::string where;  // the file or files, for messages
};

// The contents of a Dataset with these inputs: int64 becomes float64, two dimensions beyond the first are an
// image. Throws Error if x and y differ in their number of samples.
DatasetContents contents_of(const Samples& samples);

}  // namespace apical
