#include "apical/parity.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "command.h"

namespace apical::cli {
namespace {

struct Options {
  std::vector<std::filesystem::path> files;
  bool json = false;
};

Cell scientific(double value) {
  Cell cell = Cell::number(value);
  if (std::isfinite(value)) cell.text = fmt::format("{:.1e}", value);
  return cell;
}

constexpr auto kRight = Table::Align::right;
constexpr int kWidth = 132;  // names of quantities are long and do not wrap

void add_columns(Table& table) {
  table.column("Quantity").column("Worst", kRight).column("Tolerance", kRight).column("Verdict");
}

std::vector<Cell> row_of(const ParityResult& result) {
  const bool compared = result.verdict != Verdict::skipped;
  return {result.name, compared ? scientific(result.worst) : Cell(),
          compared ? scientific(result.tolerance) : Cell(), to_string(result.verdict)};
}

// For readers one table per file, with what is to be said of single quantities below it.
void print_file(const ParityReport& report) {
  Table table(report.file.filename().string());
  add_columns(table);
  std::map<std::string, std::size_t> skipped;
  for (const ParityResult& result : report.results) {
    table.row(row_of(result));
    if (result.verdict == Verdict::skipped) ++skipped[result.note];
    if (result.verdict == Verdict::failed) table.note(fmt::format("{}: {}", result.name, result.note));
  }
  for (const auto& [why, count] : skipped) table.note(fmt::format("{} skipped: {}.", count, why));
  TextStyle style = terminal_style(STDOUT_FILENO);
  style.width = std::max(style.width, kWidth);
  print(table.text(style) + "\n");
}

int run(const Options& options) {
  Table all("Largest relative deviation from the authors' numbers");
  all.column("File");
  add_columns(all);
  all.column("Note");
  std::size_t failed = 0, passed = 0, skipped = 0;
  for (const auto& file : options.files) {
    const ParityReport report = check_parity(file);
    failed += report.count(Verdict::failed);
    passed += report.count(Verdict::passed);
    skipped += report.count(Verdict::skipped);
    for (const ParityResult& result : report.results) {
      std::vector<Cell> row = row_of(result);
      row.insert(row.begin(), file.filename().string());
      row.emplace_back(result.note);
      all.row(std::move(row));
    }
    if (!options.json) print_file(report);
  }
  const std::string summary = fmt::format("{} passed, {} failed, {} skipped.", passed, failed, skipped);
  all.note(summary);
  options.json ? print(all, true) : print(summary + "\n");
  return failed == 0 ? kOk : kCheckFailed;
}

}  // namespace

void add_parity(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "parity", "Compare the engine with the authors' own numbers, quantity by quantity",
                "apical parity tests/data/dfc/p1_5-7-6-3_tanh-linear_bias_mse.json",
                [options] { return run(*options); });
  verb->add_option("FILE", options->files, "reference files, JSON")->required()->option_text("...");
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
