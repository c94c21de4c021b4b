// Figures of a paper's kind as SVG: small multiples of lines with bands, clouds of points, filled regions and dashed levels, with one legend.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace apical::report {

// How a series looks: indices into the colours, dashes and markers of ink.h.
struct Look {
  std::size_t colour = 0, dash = 0, marker = 0;
  static Look of(std::size_t style) { return {style, style, style}; }
};

// y over x, same length; what is not finite is a gap. A series without a label is not in the legend; one label stands there once.
struct PlotLine {
  std::string label;
  Look look;
  std::vector<double> x, y;
  std::vector<double> low = {}, high = {};  // a band around it, as long as x; empty: none
  double width = 2;
  bool markers = true;  // a few, so that lines differ without colour
};

struct PlotPoints {
  std::string label;
  Look look;
  std::vector<double> x, y;
  double size = 1;  // of a marker
  double opacity = 1;
};

// Closed outlines, filled by the even-odd rule: what lies inside of two is a hole.
struct PlotRegion {
  std::string label;
  std::size_t colour = 0;
  std::vector<std::vector<std::array<double, 2>>> outlines;
  double opacity = 0.2;
};

// A dashed horizontal line: a target.
struct PlotLevel {
  std::string label;
  std::size_t colour = 4;
  double y = 0;
};

using Range = std::optional<std::pair<double, double>>;  // of an axis; empty: as wide as the data

struct PlotPanel {
  std::string title;             // "A  Condition 2"
  std::string x_label, y_label;  // with their units
  Range x_range = {}, y_range = {};
  bool x_logarithmic = false, y_logarithmic = false;  // of positive values; others are gaps
  bool square = false;  // one unit of x is as long as one of y
  std::vector<PlotRegion> regions = {};
  std::vector<PlotLevel> levels = {};
  std::vector<PlotPoints> points = {};
  std::vector<PlotLine> lines = {};
};

struct Plot {
  std::string title, description;  // for readers who do not see it
  std::size_t columns = 3;
  double width = 360, height = 250;  // of a panel
  std::vector<PlotPanel> panels;
};

// A file of its own. Later elements of a panel are drawn over earlier ones, in the order regions, levels, points, lines.
std::string plot_svg(const Plot& plot);

// The least and the greatest finite value of a panel's series along an axis, with `margin` of the span on both sides.
std::pair<double, double> extent(const std::vector<double>& values, double margin = 0);

}  // namespace apical::report
