// Bars in segments: their lengths are their values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "report/bars.h"

namespace apical::report {
namespace {

std::vector<double> widths_of(const std::string& svg) {
  std::vector<double> widths;
  const std::regex rectangle("<rect [^>]*width=\"([0-9.]+)\"[^>]*><title>[^<]*: ");
  for (auto found = std::sregex_iterator(svg.begin(), svg.end(), rectangle); found != std::sregex_iterator();
       ++found)
    widths.push_back(std::stod((*found)[1]));
  return widths;
}

TEST(Bars, LengthsAreProportionalToValues) {
  const std::string svg =
      bars_svg({"Time", "s", {"product", "law", "unused"}, {{"settling", {4, 2, 0}}, {"data", {0, 1, 0}}}});
  const std::vector<double> widths = widths_of(svg);
  ASSERT_EQ(widths.size(), 3u);
  EXPECT_NEAR(widths[0] / widths[2], 4, 0.01);
  EXPECT_NEAR(widths[1] / widths[2], 2, 0.01);
  EXPECT_THAT(svg, testing::HasSubstr("settling, product: 4 s"));
  EXPECT_THAT(svg, testing::Not(testing::HasSubstr("unused")));
}

TEST(Bars, NamesAreEscapedAndNothingIsDrawnOfNothing) {
  const std::string svg = bars_svg({"a < b", "s", {"x"}, {{"<&>", {0}}}});
  EXPECT_THAT(svg, testing::HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, testing::HasSubstr("&lt;&amp;&gt;"));
  EXPECT_TRUE(widths_of(svg).empty());
  EXPECT_THAT(bars_svg({}), testing::HasSubstr("</svg>"));
}

}  // namespace
}  // namespace apical::report
