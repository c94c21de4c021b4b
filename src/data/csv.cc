#include "data/csv.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "apical/error.h"
#include "data/files.h"

namespace apical {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

// False if the field is no number; "nan" and "inf" are numbers here, and refused by the caller.
bool parse_number(std::string_view field, double* value) {
  if (!field.empty() && field.front() == '+') field.remove_prefix(1);
  const auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), *value);
  if (code == std::errc::result_out_of_range && end == field.data() + field.size()) {
    *value = std::numeric_limits<double>::infinity();
    return true;
  }
  return code == std::errc() && end == field.data() + field.size();
}

char separator_of(std::string_view line) {
  const std::size_t at = line.find_first_of(",;\t");
  return at == std::string_view::npos ? ',' : line[at];
}

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0; start <= line.size();) {
    std::size_t end = line.find(separator, start);
    if (end == std::string_view::npos) end = line.size();
    fields.push_back(trimmed(line.substr(start, end - start)));
    start = end + 1;
  }
  return fields;
}

bool is_header(const std::vector<std::string_view>& fields) {
  double value;
  for (const auto& field : fields) {
    if (!parse_number(field, &value)) return true;
  }
  return false;
}

void append_row(CsvTable& table, const std::vector<std::string_view>& fields, const std::string& where,
                std::size_t line) {
  const auto at = [&](std::size_t column) {
    return fmt::format("{}:{}: column {}", where, line, column + 1);
  };
  if (fields.size() != table.cols) {
    throw Error(fmt::format("{}:{}", where, line),
                fmt::format("has {} columns, the first line has {}.", fields.size(), table.cols));
  }
  for (std::size_t c = 0; c < fields.size(); ++c) {
    double value;
    if (!parse_number(fields[c], &value)) throw Error(at(c), fmt::format("'{}' is not a number.", fields[c]));
    if (!std::isfinite(value)) throw Error(at(c), fmt::format("'{}' is not a finite number.", fields[c]));
    table.values.push_back(value);
  }
  ++table.rows;
}

}  // namespace

std::size_t CsvTable::column(const std::string& name, const std::string& where) const {
  if (name.empty()) return cols - 1;
  if (columns.empty()) {
    throw Error(where, fmt::format("has no header, so there is no column '{}'.", name),
                "Without a name the last column is taken.");
  }
  for (std::size_t c = 0; c < cols; ++c) {
    if (columns[c] == name) return c;
  }
  throw unknown_choice(where, "column", name, columns);
}

CsvTable parse_csv(std::span<const std::byte> bytes, const std::string& where) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  CsvTable table;
  char separator = 0;
  for (std::size_t start = 0, line = 1; start < text.size(); ++line) {
    std::size_t end = text.find('\n', start);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view content = text.substr(start, end - start);
    start = end + 1;
    if (trimmed(content).empty()) continue;

    if (separator == 0) {
      separator = separator_of(content);
      const auto fields = fields_of(content, separator);
      table.cols = fields.size();
      if (is_header(fields)) {
        table.columns.assign(fields.begin(), fields.end());
        continue;
      }
    }
    if (table.rows == 0) table.first_line = line;
    append_row(table, fields_of(content, separator), where, line);
  }
  if (table.rows == 0) throw Error(where, "has no row of numbers.");
  return table;
}

CsvTable read_csv(const std::filesystem::path& file) {
  const SharedBytes mapped = map_file(file);
  if (!is_gzip(mapped.bytes)) return parse_csv(mapped.bytes, file.string());
  const auto text =
      read_up_to(gunzip_source(mapped.bytes, file.string()), std::numeric_limits<std::size_t>::max());
  return parse_csv(text, file.string());
}

}  // namespace apical
