// The functions behind published_figures().
#pragma once

#include "apical/published_figure.h"

namespace apical {

FigureOutcome precision_figure(const FigureTask& task);
FigureOutcome rounded_factors(const FigureTask& task);
FigureOutcome solved_settling(const FigureTask& task);

}  // namespace apical
