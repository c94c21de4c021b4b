#include "reproduction/figure_files.h"

#include <fmt/format.h>

#include <cmath>

#include "apical/atomic_file.h"
#include "apical/error.h"
#include "report/picture.h"

namespace apical {

CsvTable::Field::Field(double value, int digits)
    : text(std::isfinite(value) ? fmt::format("{:.{}g}", value, digits) : "") {}

CsvTable::CsvTable(std::vector<std::string> columns) : columns_(columns.size()) {
  for (const std::string& column : columns) text_ += (text_.empty() ? "" : ",") + column;
  text_ += '\n';
}

void CsvTable::row(const std::vector<Field>& fields) {
  if (fields.size() != columns_)
    throw InternalError("a row of a table has another number of fields than columns");
  for (std::size_t i = 0; i < fields.size(); ++i) text_ += (i == 0 ? "" : ",") + fields[i].text;
  text_ += '\n';
}

void write_plot(const FigureTask& task, const std::string& name, const report::Plot& plot,
                FigureOutcome& outcome) {
  const auto svg = task.folder / (name + ".svg"), png = task.folder / (name + ".png");
  write_atomically(svg, report::plot_svg(plot));
  outcome.files.push_back(svg);
  if (report::write_png(svg, png)) {
    outcome.files.push_back(png);
  } else if (task.say) {
    task.say("No PNG: there is no rsvg-convert here. On Debian: apt-get install librsvg2-bin.");
  }
}

void write_csv(const FigureTask& task, const std::string& name, const CsvTable& table,
               FigureOutcome& outcome) {
  const auto file = task.folder / (name + ".csv");
  write_atomically(file, table.text());
  outcome.files.push_back(file);
}

}  // namespace apical
