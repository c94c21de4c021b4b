// Charts drawn as SVG: light colours as attributes, so that a saved file stands alone, and classes s0, s1, …
// by which a page recolours.
#pragma once

#include <string>

#include "report/charts.h"
#include "report/ink.h"

namespace apical::report {

// One panel. Its series carry data-label and data-points ("px,py,x,y …") for the page's read-out.
std::string panel_svg(const Chart& chart, const Panel& panel);
// All panels with a legend: a file of its own.
std::string chart_svg(const Chart& chart, const std::vector<Group>& groups);
// A piece of a series' line with its marker, 40 × 14.
std::string swatch_svg(std::size_t style);

}  // namespace apical::report
