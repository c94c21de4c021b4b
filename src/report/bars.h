// Horizontal bars in segments, as a standalone SVG.
#pragma once

#include <string>
#include <vector>

namespace apical::report {

struct Bar {
  std::string label;
  std::vector<double> segments;  // ≥ 0, one per name in Bars::segments
};

struct Bars {
  std::string title = {}, unit = {};       // of the values
  std::vector<std::string> segments = {};  // names, in the order of colours
  std::vector<Bar> bars = {};              // from top to bottom
};

// A segment that no bar has is left out of the legend.
std::string bars_svg(const Bars& bars);

}  // namespace apical::report
