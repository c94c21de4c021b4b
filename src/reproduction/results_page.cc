// What was measured as tables, for the terminal and for docs/results.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>

#include "apical/atomic_file.h"
#include "apical/published_figure.h"
#include "apical/reproduction.h"

namespace apical {
namespace {

constexpr auto kRight = Table::Align::right;
constexpr std::size_t kMostNotes = 1 << 20;  // bytes

bool is_error(const std::string& metric) { return metric.ends_with("_error"); }

// "+0.12 (90 %: +0.01 to +0.23; margin 0.28)", in the unit of the metric.
std::string difference(const std::string& metric, const Equivalence& test) {
  const auto number = [&](double x, const char* sign) {
    return is_error(metric) ? fmt::format("{}{:.2f}", x < 0 ? "−" : sign, 100 * std::abs(x))
                            : fmt::format("{}{:.1e}", x < 0 ? "−" : sign, std::abs(x));
  };
  if (!std::isfinite(test.low)) return number(test.difference, "+");
  return fmt::format("{} (90 %: {} to {}; margin {})", number(test.difference, "+"), number(test.low, "+"),
                     number(test.high, "+"), number(test.margin, ""));
}

template <class Field>
std::string distinct(const CellResults& results, Field field) {
  std::set<std::string> words;
  for (const SeedResult& run : results.runs) words.insert(field(run));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string last_date(const CellResults& results) {
  std::string last;
  for (const SeedResult& run : results.runs) last = std::max(last, run.date);
  return last;
}

std::vector<Cell> row_of(const PublishedCell& cell, const CellResults& results, bool by_row) {
  const Published& published = cell.recipe.published;
  const Judgement judged = judge(cell, results);
  Cell name(cell.id);
  if (by_row) name.text = cell.row();
  std::vector<Cell> row = {name, quantity(published.metric, published.value, published.sd)};
  if (judged.agreement == Agreement::not_run) {
    row.resize(10);
    row[3] = to_string(judged.agreement);
    return row;
  }
  const bool tested =
      judged.ours.n >= 3 && judged.agreement != Agreement::partial && judged.agreement != Agreement::changed;
  const Equivalence bare{.difference = judged.ours.mean - published.value,
                         .margin = published.tolerance,
                         .low = NAN,
                         .high = NAN};
  row.insert(row.end(),
             {quantity(published.metric, judged.ours.mean, judged.ours.sd), to_string(judged.agreement),
              judged.agreement == Agreement::partial
                  ? Cell()
                  : Cell(difference(published.metric, tested ? judged.test : bare)),
              Cell::number(static_cast<double>(judged.ours.n)),
              fmt::format("{} of {}", judged.epochs, cell.recipe.training.epochs), duration(judged.seconds),
              fmt::format("{}, {}", distinct(results, [](const auto& run) { return run.precision; }),
                          distinct(results, [](const auto& run) { return run.machine; })),
              last_date(results)});
  return row;
}

constexpr const char* kIntroduction = R"(# Results
Generated from `recipes/results/` by `apical reproduce --write-docs docs/results.md`; edit the recipes, not this page.

Every row is a recipe, `recipes/<heading>/<row>.toml`, that `apical reproduce <heading>/<row>` runs. *Published* and *ours* are mean ± sample standard
deviation over seeds. The verdict is that of two one-sided Welch t-tests at 5 % against the margin in the recipe (the larger of
three standard errors of a difference over five seeds and 5 % of the published value; where no spread is published, that of the same data
in another table, as the recipe says): **reproduced**, the 90 % confidence interval
of the difference lies within the margin; **different**, outside of it; **inconclusive**, neither, so that more seeds would tell;
**too few**, fewer than three seeds; **partial**, no run has all epochs yet: the number is that of the epochs done, and no verdict is
passed. Errors are test errors at the epoch of the best validation result, in per cent of all test images (the authors average over
minibatches, of which the last is smaller). The time is the median over the runs, which had one core or two, often beside other work.
)";

constexpr const char* kHowToGoOn = R"(
## How to go on
`apical reproduce dfc2021/table1 --column mnist` takes up every run that stopped, starts what is missing, and adds each seed to
`recipes/results/` as it ends; `--epochs E` stops each run after so many epochs, to go on another day. `--collect` only takes over
what runs in `--runs DIR` have reached. Results of other machines are added by copying their runs, or their folders of results with
`--add DIR`. Then `apical reproduce --write-docs docs/results.md`.
)";

}  // namespace

std::string quantity(const std::string& metric, double mean, double sd) {
  if (is_error(metric))
    return fmt::format("{:.2f}{} %", 100 * mean, sd > 0 ? fmt::format(" ± {:.2f}", 100 * sd) : "");
  return fmt::format("{:.4g}{}", mean, sd > 0 ? fmt::format(" ± {:.2g}", sd) : "");
}

Table cell_table(std::span<const PublishedCell> cells, const std::filesystem::path& results) {
  Table table;
  table.column("Result")
      .column("Published", kRight)
      .column("Ours", kRight)
      .column("Verdict")
      .column("Ours − published", kRight, "", "difference")
      .column("Seeds", kRight)
      .column("Epochs", kRight)
      .column("Time of a run", kRight, "", "time")
      .column("Precision and machine", Table::Align::left, "", "machine")
      .column("Date");
  for (const PublishedCell& cell : cells)
    table.row(row_of(cell, load_results(results, cell.id), by_column(cells).size() == 1));
  return table;
}

Table figure_table(const std::filesystem::path& results) {
  Table table;
  table.column("Figure").column("What").column("Shown", kRight).column("Date").column("Machine");
  for (const PublishedFigure& figure : published_figures()) {
    const FigureResult result = load_figure_result(results, figure.id);
    std::size_t shown = 0;
    for (const FigureClaim& claim : result.claims) shown += claim.shown ? 1 : 0;
    table.row({figure.id, figure.title,
               result.claims.empty()
                   ? Cell("not run")
                   : Cell(result.partial.empty() ? fmt::format("{} of {}", shown, result.claims.size())
                                                 : "partial"),
               result.date.empty() ? Cell() : Cell(result.date),
               result.machine.empty() ? Cell() : Cell(result.machine)});
  }
  return table;
}

std::string results_page(std::span<const PublishedCell> cells, const std::filesystem::path& results) {
  std::string page = kIntroduction;
  for (const auto& column : by_column(cells))
    page += fmt::format("\n## {}/{}\n{}", column.front().table(), column.front().column(),
                        cell_table(column, results).markdown());
  if (!published_figures().empty()) {
    page += "\n## Figures\n" + figure_table(results).markdown();
    for (const PublishedFigure& figure : published_figures()) {
      page += fmt::format("\n### {}\n{}\n", figure.id, figure.published);
      const FigureResult result = load_figure_result(results, figure.id);
      if (!result.partial.empty())
        page += fmt::format("Partial, hence without a verdict: {}.\n", result.partial);
      for (const FigureClaim& claim : result.claims)
        page += fmt::format("- {} {} {}\n",
                            !result.partial.empty() ? "–"
                            : claim.shown           ? "✓"
                                                    : "✗",
                            claim.published, claim.ours);
    }
  }
  if (const std::filesystem::path notes = results / "notes.md"; std::filesystem::exists(notes))
    page += "\n## Notes\n" + read_whole(notes, kMostNotes);
  return page + kHowToGoOn;
}

}  // namespace apical
