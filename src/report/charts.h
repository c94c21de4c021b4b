// Which figures a set of runs gives, and their data. Drawing is svg.h's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/summary.h"

namespace apical::report {

// A group's line in one panel: the mean over seeds, and each seed.
struct Series {
  std::string label;
  std::size_t style = 0;  // the group's index: its colour, dash and marker everywhere
  Curve mean;
  std::vector<Curve> seeds;
};

struct Panel {
  std::string title;  // "layer 1"; empty where there is only one panel
  std::vector<Series> series;
};

struct Chart {
  std::string id = {}, title = {};
  std::string expect = {};  // one sentence: what it should look like
  std::string x_label = "Epoch", y_label = {}, unit = {};
  bool from_zero = true;  // the axis begins at zero; otherwise where the data do
  bool logarithmic = false, logarithmic_x = false;
  std::optional<double> ceiling = {};    // the axis reaches at least to here
  std::optional<double> step = {};       // between ticks; otherwise a round number is found
  std::optional<double> reference = {};  // a dotted line, with its words
  std::string reference_label = {};
  std::vector<Panel> panels = {};  // all with the same axes
};

// Figures with data, in reading order. A probe that nobody here has heard of gets a figure like the others.
std::vector<Chart> charts_of(const std::vector<Group>& groups);
// Error and loss against epochs alone.
Chart error_chart(const std::vector<Group>& groups);
Chart loss_chart(const std::vector<Group>& groups);

}  // namespace apical::report
