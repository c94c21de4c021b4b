#include "apical/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apical/error.h"

namespace apical {
namespace {

using testing::HasSubstr;
using testing::Not;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Table example() {
  Table table("Result");
  table.column("Rule")
      .column("Seeds", Table::Align::right)
      .shared()
      .column("Test error", Table::Align::right, "%")
      .column("Locality marks");
  table.row({"first", Cell::number(2), Cell::mean_sd(std::vector{0.02, 0.04}, 2, 100), "none"});
  table.row({"second | third", Cell::number(2), Cell(), "weight transport, update locked, frozen activity"});
  return table.note("A note.");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Columns of text that holds no wide characters: bytes that do not continue a character.
int columns(const std::string& line) {
  return static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(Table, FitsEveryWidthAndLosesNoWord) {
  for (bool unicode : {true, false}) {
    for (int width = 20; width <= 160; ++width) {
      const std::string text = example().text({.width = width, .colour = false, .unicode = unicode});
      for (const auto& line : lines_of(text)) EXPECT_LE(columns(line), width) << text;
      // Narrower than this, the longest word has to be cut.
      if (width < 24) continue;
      for (const char* word :
           {"first", "second", "weight", "transport,", "frozen", "activity", "3.00", "1.41"}) {
        EXPECT_THAT(text, HasSubstr(word)) << width;
      }
    }
  }
}

TEST(Table, TooNarrowForAGridIsABlockForEachRowWithoutWhatIsMissing) {
  for (bool unicode : {true, false}) {
    const std::string text = example().text({.width = 30, .unicode = unicode});
    EXPECT_EQ(text.find("│"), std::string::npos);
    const std::size_t second = text.find("second");
    EXPECT_LT(text.find("error"), second);  // 3.00 ± 1.41 of the first
    EXPECT_EQ(text.find("error", second), std::string::npos);
    EXPECT_NE(text.find("weight", second), std::string::npos);
  }
}

TEST(Table, AlignsNumbersToTheRight) {
  Table table;
  table.column("n", Table::Align::right).row({Cell::number(7)}).row({Cell::number(12345)});
  EXPECT_THAT(table.text(), HasSubstr("│      7 │"));
  EXPECT_THAT(table.text(), HasSubstr("│ 12,345 │"));
}

TEST(Table, WideCharactersTakeTwoColumns) {
  Table table;
  table.column("a").row({"神経"}).row({"abcd"});
  EXPECT_THAT(table.text(), HasSubstr("│ 神経 │"));
  EXPECT_THAT(table.text(), HasSubstr("│ abcd │"));
}

TEST(Table, HasColourOnlyWhenAsked) {
  EXPECT_THAT(example().text({.colour = false}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(example().text({.colour = true}), HasSubstr("\x1b[1m"));
}

TEST(Table, AsciiHasNoOtherCharacters) {
  for (char c : example().text({.unicode = false})) EXPECT_EQ(c & 0x80, 0);
}

TEST(Table, AColumnThatAgreesBecomesANoteButStaysInJson) {
  const std::string text = example().text();
  EXPECT_THAT(text, HasSubstr("Seeds: 2."));
  EXPECT_THAT(lines_of(text)[2], Not(HasSubstr("Seeds")));
  EXPECT_EQ(nlohmann::json::parse(example().json())["rows"][0]["seeds"], 2);
}

TEST(Table, JsonHasRawNumbersAndNullForWhatIsMissing) {
  const auto json = nlohmann::json::parse(example().json());
  EXPECT_EQ(json["title"], "Result");
  EXPECT_NEAR(json["rows"][0]["test_error"]["mean"].get<double>(), 0.03, 1e-15);
  EXPECT_NEAR(json["rows"][0]["test_error"]["sd"].get<double>(), 0.02 / std::sqrt(2.0), 1e-15);
  EXPECT_TRUE(json["rows"][1]["test_error"].is_null());
  EXPECT_EQ(json["rows"][1]["rule"], "second | third");
}

TEST(Table, MarkdownEscapesBars) {
  EXPECT_THAT(example().markdown(), HasSubstr("| second \\| third |"));
  EXPECT_THAT(example().markdown(), HasSubstr("| --- | ---: | --- |"));
}

TEST(Table, AWordCannotSteerTheTerminal) {
  Table table;
  table.column("a").row({"red\x1b[31m\nnext"});
  EXPECT_THAT(table.text(), HasSubstr("red [31m next"));
}

TEST(Table, ARowOfTheWrongLengthIsABug) { EXPECT_THROW(example().row({"only one"}), InternalError); }

// (1 + 2 + 6)/3 = 3; squares 4 + 1 + 9 = 14; sd = sqrt(14/2) = 2.6458.
TEST(Cell, MeanAndSampleDeviationAreThoseComputedByHand) {
  EXPECT_EQ(Cell::mean_sd(std::vector{1.0, 2.0, 6.0}, 3).text, "3.000 ± 2.646");
  EXPECT_EQ(Cell::mean_sd(std::vector{0.0321}, 2, 100).text, "3.21");
  EXPECT_EQ(Cell::mean_sd({}, 2).text, "–");
}

TEST(Cell, AMeanKeepsTheDigitsOfNearlyEqualValues) {
  EXPECT_EQ(Cell::mean_sd(std::vector{1e9 + 1, 1e9 + 3}, 3).text, "1,000,000,002.000 ± 1.414");
}

TEST(Cell, WhatIsNotFiniteIsSaidAndNotAveraged) {
  EXPECT_EQ(Cell::number(kNaN, 2).text, "NaN");
  EXPECT_EQ(Cell::number(kNaN, 2).json, "null");
  EXPECT_EQ(Cell::mean_sd(std::vector{kNaN, 2.0, 4.0}, 0).text, "3 ± 1 (1 of 3 NaN)");
  EXPECT_EQ(Cell::mean_sd(std::vector{kNaN}, 0).text, "NaN");
}

TEST(Cell, ThousandsAreSeparatedAndMinusIsAMinus) {
  EXPECT_EQ(Cell::number(1234567.891, 2).text, "1,234,567.89");
  EXPECT_EQ(Cell::number(-999).text, "−999");
  EXPECT_EQ(Cell::number(-1000).text, "−1,000");
}

}  // namespace
}  // namespace apical
