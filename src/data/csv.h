// Tables of numbers as text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace apical {

struct CsvTable {
  std::vector<std::string> columns;  // names from the header; empty if there is none
  std::size_t rows = 0, cols = 0;
  std::vector<double> values;  // [rows, cols], row-major, all finite
  std::size_t first_line = 1;  // of the first row in the file, counted from 1

  // The index of the column, by its name in the header; the last one for an empty name. Throws Error at
  // `where`.
  std::size_t column(const std::string& name, const std::string& where) const;
};

// Reads numbers separated by comma, semicolon or tab (whichever comes first in the first line), after a
// header or none (a first line with a field that is no number is one), plain or gzip. Throws Error at
// "<where>:<line>" for a row of another length, a field that is no number, and NaN or infinity; and for a
// file without a row.
CsvTable read_csv(const std::filesystem::path& file);
CsvTable parse_csv(std::span<const std::byte> text, const std::string& where);

}  // namespace apical
