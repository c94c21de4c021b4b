// Costs and speeds as tables.
#pragma once

#include <span>

#include "apical/cost.h"
#include "apical/table.h"
#include "apical/training.h"

namespace apical::cli {

// `train --explain`: what each pass costs; what the memory is for.
Table cost_table(const CostReport& report);
Table memory_table(const CostReport& report);
// After training: what each kind of pass reached, one line per seed and pass.
Table speed_table(std::span<const TrainingResult> results);

}  // namespace apical::cli
