// The optical digits that are part of the library.
#pragma once

#include <cstddef>
#include <span>

#include "apical/data.h"
#include "apical/data_catalogue.h"
#include "data/catalogue.h"

namespace apical {

// digits.csv.gz: 1,797 lines of 64 counts and a label. See data/digits/PROVENANCE.md.
std::span<const std::byte> embedded_digits();

// The training part has 1,437 samples and the test part 360: split(1797, 360, 0) of data_split.h.
Dataset load_digits(const DatasetSpec& spec, std::string_view part);

FileCheck check_digits();

}  // namespace apical
