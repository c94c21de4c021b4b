// A table: printed in a terminal, as JSON and as Markdown from the same cells.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apical/terminal.h"

namespace apical {

// What a reader sees and what a program gets. A value that is missing is "–" and null; one that is not finite
// is "NaN" and null.
struct Cell {
  Cell() : text("–"), json("null") {}
  Cell(const std::string& words);  // implicit: words are the common case
  Cell(const char* words) : Cell(std::string(words)) {}

  // value·scale with that many decimals, thousands separated; JSON: the value itself.
  static Cell number(double value, int decimals = 0, double scale = 1);
  // "3.21 ± 0.12" (sample standard deviation, n − 1); without ± for one value; values that are not finite are
  // left out and said: "3.21 (1 of 3 NaN)". JSON: {"mean", "sd", "n", "values"}, unscaled. No values:
  // missing.
  static Cell mean_sd(std::span<const double> values, int decimals, double scale = 1);

  std::string text;
  std::string json;  // a JSON value
};

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string name;
    Align align = Align::left;
    std::string unit;  // shown in brackets behind the name
    std::string key;   // JSON member; empty: the name in lower case with '_' for what is no letter or digit
    bool shared = false;  // where two or more rows agree in it, a note says it once
  };

  explicit Table(std::string title = {}) : title_(std::move(title)) {}
  Table& column(std::string name, Align align = Align::left, std::string unit = {}, std::string key = {});
  // Marks the last column: where all of two or more rows agree in it, readers get a note in its place (JSON
  // keeps it).
  Table& shared();
  // Throws InternalError if there are not as many cells as columns.
  Table& row(std::vector<Cell> cells);
  // A sentence printed below the table.
  Table& note(const std::string& sentence);

  // Fits style.width: headings and words wrap; what still does not fit becomes one block of lines per row.
  // Ends with a line feed.
  std::string text(const TextStyle& style = {}) const;
  // {"title": …, "rows": [{key: value, …}, …], "notes": […]}
  std::string json() const;
  std::string markdown() const;
  // What readers get: shared columns turned into a note.
  Table shown() const;

  const std::string& title() const { return title_; }
  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string title_;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::string> notes_;
};

}  // namespace apical
