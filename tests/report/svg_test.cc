// Charts as SVG: where words stand.
#include "report/svg.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace apical::report {
namespace {

// Vertical places of the text elements that say this; −1 where there is none.
double height_of(const std::string& svg, const std::string& words) {
  const std::regex element("<text x=\"[0-9.]+\" y=\"([0-9.]+)\"[^>]*>" + words + "</text>");
  std::smatch found;
  return std::regex_search(svg, found, element) ? std::stod(found[1]) : -1;
}

Chart chart_with(std::size_t panels, const std::string& title) {
  Series series;
  series.label = "dfc";
  series.mean = {{1, 2, 3}, {0.5, 0.4, 0.3}};
  series.seeds = {series.mean};
  Chart chart{.id = "stability", .title = "Stability", .y_label = "Real part"};
  for (std::size_t i = 0; i < panels; ++i) chart.panels.push_back({title, {series}});
  return chart;
}

TEST(PanelSvg, ATitleHasALineOfItsOwnAboveTheAxisLabel) {
  for (const std::size_t panels : {1u, 3u}) {
    const Chart chart = chart_with(panels, "A_inst");
    const std::string svg = panel_svg(chart, chart.panels[0]);
    const double title = height_of(svg, "A_inst"), label = height_of(svg, "Real part");
    EXPECT_GT(title, 10) << panels;
    EXPECT_GE(label - title, 14) << panels << " panels: the lines are about 15 high";
  }
  const Chart untitled = chart_with(1, "");
  EXPECT_EQ(height_of(panel_svg(untitled, untitled.panels[0]), "Real part"), 22) << "no empty line above";
}

}  // namespace
}  // namespace apical::report
