// The shape of cost: a workload at many widths, depths, minibatches and lengths, everything else held.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/power_law.h"
#include "workloads/workloads.h"

namespace apical::workloads {

struct ShapePoint {
  double x = 0;             // the width, depth, minibatch or T
  WorkloadOptions options;  // with that x
  Measurement measured;
  double necessary_flops = 0;
};

struct ShapeSeries {
  std::string name;  // "width", "depth", "batch", "steps", "odd width"
  std::vector<ShapePoint> points;

  // Of the time, and of the arithmetic, over x.
  PowerLaw time() const;
  PowerLaw arithmetic() const;
};

// What is swept where nothing is named: a settling workload and one that does not settle.
std::vector<std::string> default_shapes();

// Widths 64 … 1024, depths 2 … 10, minibatches 16 … 1024, T from an eighth of options.steps to it (for workloads that settle so long), and the
// odd widths 37, 101, 257 each after its even neighbour 38, 102, 256: hidden layers of 784-w-w-w-10. Nothing is measured yet.
std::vector<ShapeSeries> shapes_of(const std::string& workload, const WorkloadOptions& options);

}  // namespace apical::workloads
