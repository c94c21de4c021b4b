// Figures of a paper's kind: where things land, what the legend says, and pictures of them.
#include "report/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "apical/error.h"
#include "core/process.h"
#include "report/picture.h"

namespace apical::report {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

Plot plot_of(PlotPanel panel) {
  Plot plot;
  plot.panels = {std::move(panel)};
  return plot;
}

// The numbers of the first path with a solid line in a colour.
std::vector<double> path_in(const std::string& svg, const std::string& colour) {
  std::smatch match;
  std::vector<double> numbers;
  if (!std::regex_search(svg, match, std::regex("d=\"([^\"]*)\" fill=\"none\" stroke=\"" + colour)))
    return numbers;
  const std::string d = match[1];
  const std::regex number("[0-9.]+");
  for (std::sregex_iterator at(d.begin(), d.end(), number), end; at != end; ++at)
    numbers.push_back(std::stod((*at)[0]));
  return numbers;
}

TEST(Plot, PutsValuesWhereTheAxesSay) {
  PlotPanel panel;
  panel.x_range = {{0, 10}}, panel.y_range = {{0, 1}};
  panel.lines = {{.label = "rise", .look = {}, .x = {0, 5, 10}, .y = {0, 0, 1}, .markers = false}};
  Plot plot = plot_of(panel);
  plot.width = 276, plot.height = 302;  // leaves 200 × 200 inside the axes, from (60, 52)
  const auto path = path_in(plot_svg(plot), "#0072B2");
  ASSERT_EQ(path.size(), 6u);
  const std::vector<double> expected = {60, 252, 160, 252, 260, 52};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(path[i], expected[i], 0.051) << i;
}

TEST(Plot, OfALogarithmicAxisHasEqualStepsForEqualRatiosAndGapsForTheRest) {
  PlotPanel panel;
  panel.x_range = {{0, 4}}, panel.y_range = {{1, 100}}, panel.y_logarithmic = true;
  panel.lines = {{.label = "decay", .look = {}, .x = {0, 1, 2, 3}, .y = {100, 10, 1, 0}, .markers = false}};
  Plot plot = plot_of(panel);
  plot.width = 276, plot.height = 302;  // as above
  const auto path = path_in(plot_svg(plot), "#0072B2");
  ASSERT_EQ(path.size(), 4u) << "a straight line, and nothing where there is no logarithm";
  const std::vector<double> expected = {60, 52, 160, 252};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(path[i], expected[i], 0.051) << i;
  panel.y_range = {};
  EXPECT_THAT(plot_svg(plot_of(panel)), Not(HasSubstr("nan")));
}

TEST(Plot, LeavesOutPointsOnAStraightLineAndNoOthers) {
  PlotPanel panel;
  panel.x_range = {{0, 100}}, panel.y_range = {{-1, 1}};
  PlotLine line{.label = "", .look = {}, .x = {}, .y = {}, .markers = false};
  for (int i = 0; i <= 100; ++i) line.x.push_back(i), line.y.push_back(i == 50 ? 1 : 0);
  panel.lines = {line};
  const auto path = path_in(plot_svg(plot_of(panel)), "#0072B2");
  EXPECT_EQ(path.size(), 10u);  // both ends, the peak and its two feet
}

TEST(Plot, BreaksALineWhereANumberIsMissing) {
  PlotPanel panel;
  panel.lines = {{.label = "", .look = {}, .x = {0, 1, 2, 3, 4}, .y = {0, 1, NAN, 1, 0}, .markers = false}};
  const std::string svg = plot_svg(plot_of(panel));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  std::smatch match;
  ASSERT_TRUE(std::regex_search(svg, match, std::regex("d=\"([^\"]*)\" fill=\"none\" stroke=\"#0072B2")));
  const std::string d = match[1];
  EXPECT_EQ(std::count(d.begin(), d.end(), 'M'), 2);
}

TEST(Plot, NamesEachSeriesOnceInTheLegendAndEscapesIt) {
  PlotPanel panel;
  panel.lines = {{.label = "a<b", .look = {}, .x = {0, 1}, .y = {0, 1}}};
  panel.levels = {{"target", 4, 0.5}};
  Plot plot = plot_of(panel);
  plot.panels.push_back(panel);
  const std::string svg = plot_svg(plot);
  const std::regex name(">a&lt;b</text>");
  EXPECT_EQ(std::distance(std::sregex_iterator(svg.begin(), svg.end(), name), {}), 1);
  EXPECT_THAT(svg, HasSubstr(">target</text>"));
}

TEST(Plot, OfNothingIsStillAFigure) {
  EXPECT_THAT(plot_svg(plot_of({})), HasSubstr("</svg>"));
  EXPECT_THAT(plot_svg(Plot{}), HasSubstr("</svg>"));
}

TEST(Plot, DifferentLooksDifferWithoutColour) {
  std::set<std::string> seen;
  for (std::size_t style = 0; style < 6; ++style) {
    PlotPanel panel;
    panel.lines = {{.label = "", .look = Look::of(style), .x = {0, 1}, .y = {0, 1}}};
    seen.insert(std::regex_replace(plot_svg(plot_of(panel)), std::regex("#[0-9A-F]{6}"), "#"));
  }
  EXPECT_EQ(seen.size(), 6u);
}

TEST(Extent, IgnoresWhatIsNotFinite) {
  EXPECT_EQ(extent({3, NAN, -1, INFINITY}), (std::pair<double, double>{-1, 3}));
  EXPECT_EQ(extent({0, 10}, 0.1), (std::pair<double, double>{-1, 11}));
  EXPECT_EQ(extent({NAN}), (std::pair<double, double>{0, 1}));
}

class Picture : public testing::Test {
 protected:
  Picture() : folder_(fs::temp_directory_path() / ("apical-picture-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  void SetUp() override {
    if (find_program("rsvg-convert").empty()) GTEST_SKIP() << "there is no rsvg-convert on this machine";
  }
  ~Picture() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  fs::path folder_;
};

// Width and height stand big-endian at bytes 16 to 23 of a PNG (ISO 15948).
TEST_F(Picture, HasTheZoomedSizeOfItsFigure) {
  Plot plot = plot_of({});
  plot.width = 300, plot.height = 200;
  ASSERT_TRUE(write_png(write("plot.svg", plot_svg(plot)), folder_ / "plot.png", 2));
  std::ifstream file(folder_ / "plot.png", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(bytes.size(), 24u);
  EXPECT_EQ(bytes.substr(0, 4), "\x89PNG");
  const auto at = [&](std::size_t i) {
    int value = 0;
    for (std::size_t k = 0; k < 4; ++k) value = value * 256 + static_cast<unsigned char>(bytes[i + k]);
    return value;
  };
  EXPECT_EQ(at(16), 600);
  EXPECT_EQ(at(20), 2 * 232);  // the panel and an empty legend
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);
}

TEST_F(Picture, OfABrokenFigureIsRefusedAndLeavesNothing) {
  const auto svg = write("broken.svg", "<svg><not closed");
  try {
    write_png(svg, folder_ / "broken.png");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("broken.svg: could not be drawn as PNG"));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace apical::report
