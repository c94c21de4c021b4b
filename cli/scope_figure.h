// What the scope recorded, as pictures.
#pragma once

#include <string>

#include "apical/scope.h"
#include "apical/terminal.h"

namespace apical::cli {

// Control, output with its target, error, and the compartments of each chosen neuron, as changes from the feedforward
// point: an SVG file of its own.
std::string scope_svg(const ScopeRecording& recording);

// Error and output in the terminal.
std::string scope_plots(const ScopeRecording& recording, const TextStyle& style);

}  // namespace apical::cli
