// The files of a figure: drawing, picture, numbers.
#pragma once

#include <string>
#include <vector>

#include "apical/published_figure.h"
#include "report/plot.h"

namespace apical {

// Rows of numbers and words under named columns. Numbers have seven digits, what is not finite is an empty field.
class CsvTable {
 public:
  explicit CsvTable(std::vector<std::string> columns);

  struct Field {
    std::string text;
    Field(double value, int digits = 7);  // significant ones; empty if it is not finite
    Field(std::string word) : text(std::move(word)) {}
    Field(const char* word) : text(word) {}
  };
  // As many fields as there are columns. Words have no commas, quotes or line ends.
  void row(const std::vector<Field>& fields);
  const std::string& text() const { return text_; }

 private:
  std::size_t columns_;
  std::string text_;
};

// <folder>/<name>.svg and, where this machine can draw it, <name>.png; both are added to the outcome's files. Says it where it cannot.
void write_plot(const FigureTask& task, const std::string& name, const report::Plot& plot,
                FigureOutcome& outcome);
// <folder>/<name>.csv
void write_csv(const FigureTask& task, const std::string& name, const CsvTable& table,
               FigureOutcome& outcome);

}  // namespace apical
