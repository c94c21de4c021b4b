// Bringing a data set into the cache, whatever its specification.
#pragma once

#include "apical/data_catalogue.h"
#include "data/catalogue.h"

namespace apical {

// See get_dataset.
GetResult fetch(const DatasetSpec& spec, const GetOptions& options);

}  // namespace apical
