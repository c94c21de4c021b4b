// The optimizer library applied to lists of tensors.
#pragma once

#include "apical/optimizer.h"
#include "parity/engine.h"

namespace apical::parity {

// An optimizer on all weights of a group (and their biases), fed with what the last run of the engine
// proposed.
Optimizer<double> optimizer_for(Engine& engine, const std::string& group, const OptimizerSettings& settings);

// What is left of a gradient after clipping: the way of weights that start at 0 under SGD with rate 1.
Gradient clipped(const Gradient& gradient, Clipping clipping, double norm);

}  // namespace apical::parity
