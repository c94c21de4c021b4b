#include "apical/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apical/error.h"
#include "report/statistics.h"
#include "report/width.h"

namespace apical {
namespace {

using Json = nlohmann::ordered_json;
using report::longest_word;
using report::padded;
using report::width_of;
using report::wrapped;

std::string heading(const Table::Column& column) {
  return column.unit.empty() ? column.name : fmt::format("{} [{}]", column.name, column.unit);
}

std::string painted(const std::string& text, const char* code, const TextStyle& style) {
  return style.colour && !text.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

// The lines of a grid: left end, run, crossing, right end; top, middle, bottom.
struct Grid {
  const char *bar, *run, *ends[3][3];
};
constexpr Grid kBox = {"│", "─", {{"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}}};
constexpr Grid kAscii = {"|", "-", {{"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}}};

// Column widths that fit, the roomiest shrunk first: headings and left-aligned words wrap, numbers never.
// Empty if they cannot.
std::vector<int> fitting_widths(const Table& table, int width) {
  const auto& columns = table.columns();
  std::vector<int> widths, least;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::string head = heading(columns[c]);
    int widest = 0, word = longest_word(head);
    for (const auto& row : table.rows()) {
      widest = std::max(widest, width_of(row[c].text));
      const bool wraps = columns[c].align == Table::Align::left;
      word = std::max(word, wraps ? longest_word(row[c].text) : width_of(row[c].text));
    }
    widths.push_back(std::max(widest, width_of(head)));
    least.push_back(word);
  }
  const int room = width - 3 * static_cast<int>(columns.size()) - 1;
  for (int total = std::accumulate(widths.begin(), widths.end(), 0); total > room; --total) {
    std::size_t roomiest = 0;
    for (std::size_t c = 1; c < widths.size(); ++c) {
      if (widths[c] - least[c] > widths[roomiest] - least[roomiest]) roomiest = c;
    }
    if (widths.empty() || widths[roomiest] <= least[roomiest]) return {};
    --widths[roomiest];
  }
  return widths;
}

std::string rule_line(const Grid& grid, const char* const ends[3], const std::vector<int>& widths,
                      const TextStyle& style) {
  std::string line = ends[0];
  for (std::size_t c = 0; c < widths.size(); ++c) {
    for (int i = 0; i < widths[c] + 2; ++i) line += grid.run;
    line += c + 1 < widths.size() ? ends[1] : ends[2];
  }
  return painted(line, "2", style) + "\n";
}

// One row of texts as as many lines as its tallest cell needs.
std::string grid_row(const std::vector<std::string>& texts, const Table& table,
                     const std::vector<int>& widths, const Grid& grid, const TextStyle& style,
                     const char* code) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t c = 0; c < texts.size(); ++c) {
    cells.push_back(wrapped(texts[c], widths[c]));
    height = std::max(height, cells.back().size());
  }
  const std::string bar = painted(grid.bar, "2", style);
  std::string out;
  for (std::size_t line = 0; line < height; ++line) {
    out += bar;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string part = line < cells[c].size() ? cells[c][line] : "";
      const std::string fit = padded(part, widths[c], table.columns()[c].align == Table::Align::right);
      out += " " + (code ? painted(fit, code, style) : fit) + " " + bar;
    }
    out += "\n";
  }
  return out;
}

std::string as_grid(const Table& table, const std::vector<int>& widths, const TextStyle& style) {
  const Grid& grid = style.unicode ? kBox : kAscii;
  std::vector<std::string> heads;
  for (const auto& column : table.columns()) heads.push_back(heading(column));
  std::string out =
      rule_line(grid, grid.ends[0], widths, style) + grid_row(heads, table, widths, grid, style, "1");
  out += rule_line(grid, grid.ends[1], widths, style);
  for (const auto& row : table.rows()) {
    std::vector<std::string> texts;
    for (const auto& cell : row) texts.push_back(cell.text);
    out += grid_row(texts, table, widths, grid, style, nullptr);
  }
  return out + rule_line(grid, grid.ends[2], widths, style);
}

bool is_missing(const Cell& cell) {
  static const std::string kMissing = Cell().text, kPlain = "-";
  return cell.text == kMissing || cell.text == kPlain;
}

// One block per row for narrow terminals: the first cell as its title, then a line "name  value" for each
// other column that the row has.
std::string as_blocks(const Table& table, const TextStyle& style) {
  int names = 0;
  for (std::size_t c = 1; c < table.columns().size(); ++c)
    names = std::max(names, width_of(heading(table.columns()[c])));
  names = std::min(names, style.width * 2 / 5);
  std::string out;
  for (const auto& row : table.rows()) {
    for (const auto& line : wrapped(row[0].text, style.width)) out += painted(line, "1", style) + "\n";
    for (std::size_t c = 1; c < row.size(); ++c) {
      if (is_missing(row[c])) continue;
      const auto name = wrapped(heading(table.columns()[c]), names);
      const auto value = wrapped(row[c].text, style.width - names - 4);
      for (std::size_t i = 0; i < std::max(name.size(), value.size()); ++i) {
        const std::string left = "  " + (i < name.size() ? name[i] : "");
        out += i < value.size() ? padded(left, names + 4) + value[i] + "\n" : left + "\n";
      }
    }
  }
  return out;
}

// ASCII stand-ins for terminals without UTF-8; what has none becomes '?'.
std::string without_unicode(const std::string& text) {
  static const std::vector<std::pair<std::string, std::string>> kPlain = {
      {"±", "+-"}, {"–", "-"}, {"—", "-"},   {"−", "-"},  {"°", "deg"},
      {"·", "-"},  {"×", "x"}, {"…", "..."}, {"≥", ">="}, {"≤", "<="}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto known = std::find_if(kPlain.begin(), kPlain.end(), [&](const auto& p) {
      return text.compare(at, p.first.size(), p.first) == 0;
    });
    if (known != kPlain.end()) {
      out += known->second;
      at += known->first.size();
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) out += text[at];
    if (byte >= 0xC0) out += '?';
    ++at;
  }
  return out;
}

Table plain_copy(const Table& table) {
  Table plain(without_unicode(table.title()));
  for (const auto& column : table.columns())
    plain.column(without_unicode(column.name), column.align, without_unicode(column.unit), column.key);
  for (auto row : table.rows()) {
    for (auto& cell : row) cell.text = without_unicode(cell.text);
    plain.row(std::move(row));
  }
  for (const auto& note : table.notes()) plain.note(without_unicode(note));
  return plain;
}

std::string derived_key(const std::string& name) {
  std::string key;
  for (unsigned char c : name) {
    if (std::isalnum(c))
      key += static_cast<char>(std::tolower(c));
    else if (!key.empty() && key.back() != '_')
      key += '_';
  }
  while (!key.empty() && key.back() == '_') key.pop_back();
  return key;
}

std::string escaped_bar(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Cell::Cell(const std::string& words)
    : text(report::printable(words)),
      json(Json(words).dump(-1, ' ', false, Json::error_handler_t::replace)) {}

Cell Cell::number(double value, int decimals, double scale) {
  Cell cell;
  cell.text = report::decimal(value * scale, decimals);
  cell.json = Json(value).dump();
  return cell;
}

Cell Cell::mean_sd(std::span<const double> values, int decimals, double scale) {
  Cell cell;
  const report::Spread spread = report::spread_of(values);
  if (values.empty()) return cell;
  cell.text = spread.n == 0 ? "NaN" : report::decimal(spread.mean * scale, decimals);
  if (spread.n > 1) cell.text += " ± " + report::decimal(spread.sd * scale, decimals);
  if (const auto lost = values.size() - static_cast<std::size_t>(spread.n); lost > 0 && values.size() > 1) {
    cell.text += fmt::format(" ({} of {} NaN)", lost, values.size());
  }
  cell.json = Json{{"mean", spread.mean},
                   {"sd", spread.sd},
                   {"n", spread.n},
                   {"values", std::vector<double>(values.begin(), values.end())}}
                  .dump();
  return cell;
}

Table& Table::column(std::string name, Align align, std::string unit, std::string key) {
  if (key.empty()) key = derived_key(name);
  columns_.push_back({std::move(name), align, std::move(unit), std::move(key)});
  return *this;
}

Table& Table::shared() {
  columns_.back().shared = true;
  return *this;
}

Table Table::shown() const {
  const auto agreed = [&](std::size_t c) {
    return columns_[c].shared && rows_.size() > 1 &&
           std::all_of(rows_.begin(), rows_.end(),
                       [&](const auto& row) { return row[c].text == rows_[0][c].text; });
  };
  Table out(title_);
  std::vector<std::string> facts;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!agreed(c))
      out.columns_.push_back(columns_[c]);
    else
      facts.push_back(fmt::format("{}: {}", heading(columns_[c]), rows_[0][c].text));
  }
  for (const auto& row : rows_) {
    out.rows_.emplace_back();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!agreed(c)) out.rows_.back().push_back(row[c]);
    }
  }
  if (!facts.empty()) out.notes_.push_back(fmt::format("{}.", fmt::join(facts, ", ")));
  out.notes_.insert(out.notes_.end(), notes_.begin(), notes_.end());
  return out;
}

Table& Table::row(std::vector<Cell> cells) {
  if (cells.size() != columns_.size()) {
    throw InternalError(
        fmt::format("table '{}': {} columns, but a row of {} cells", title_, columns_.size(), cells.size()));
  }
  rows_.push_back(std::move(cells));
  return *this;
}

Table& Table::note(const std::string& sentence) {
  notes_.push_back(report::printable(sentence));
  return *this;
}

std::string Table::text(const TextStyle& style) const {
  const Table table = style.unicode ? shown() : plain_copy(shown());
  std::string out = table.title_.empty() ? "" : painted(table.title_, "1", style) + "\n";
  const auto widths = fitting_widths(table, style.width);
  out += widths.empty() ? as_blocks(table, style) : as_grid(table, widths, style);
  for (const auto& sentence : table.notes_) {
    for (const auto& line : wrapped(sentence, style.width)) out += painted(line, "2", style) + "\n";
  }
  return out;
}

std::string Table::json() const {
  Json out = {{"title", title_}, {"rows", Json::array()}, {"notes", notes_}};
  for (const auto& row : rows_) {
    Json object = Json::object();
    for (std::size_t c = 0; c < row.size(); ++c) object[columns_[c].key] = Json::parse(row[c].json);
    out["rows"].push_back(std::move(object));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Table::markdown() const {
  const Table table = shown();
  std::string head = "|", line = "|", body;
  for (const auto& column : table.columns_) {
    head += " " + escaped_bar(heading(column)) + " |";
    line += column.align == Align::right ? " ---: |" : " --- |";
  }
  for (const auto& row : table.rows_) {
    body += "|";
    for (const auto& cell : row) body += " " + escaped_bar(cell.text) + " |";
    body += "\n";
  }
  std::string out = title_.empty() ? "" : "**" + title_ + "**\n\n";
  out += head + "\n" + line + "\n" + body;
  for (const auto& sentence : table.notes_) out += "\n" + sentence + "\n";
  return out;
}

}  // namespace apical
