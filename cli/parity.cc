#include "apical/parity.h"

#include <fmt/format.h>

#include <cmath>

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

int run(const Options& options) {
  Table table("Largest relative deviation from the authors' numbers");
  constexpr auto kRight = Table::Align::right;
  table.column("File")
      .column("Quantity")
      .column("Worst", kRight)
      .column("Tolerance", kRight)
      .column("Verdict")
      .column("Note");
  std::size_t failed = 0, passed = 0, skipped = 0;
  for (const auto& file : options.files) {
    const ParityReport report = check_parity(file);
    failed += report.count(Verdict::failed);
    passed += report.count(Verdict::passed);
    skipped += report.count(Verdict::skipped);
    for (const ParityResult& result : report.results) {
      const bool compared = result.verdict != Verdict::skipped;
      table.row({file.filename().string(), result.name, compared ? scientific(result.worst) : Cell(),
                 compared ? scientific(result.tolerance) : Cell(), to_string(result.verdict), result.note});
    }
  }
  table.note(fmt::format("{} passed, {} failed, {} skipped.", passed, failed, skipped));
  print(table, options.json);
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
