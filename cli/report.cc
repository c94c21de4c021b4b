#include <fmt/format.h>

#include "apical/error.h"
#include "training_options.h"

namespace apical::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> wanted;
  std::optional<fs::path> page, figures;
  std::string title = "Apical report";
  fs::path runs = "runs";
  bool json = false;
};

int run(const Options& options) {
  std::vector<RunRecord> records;
  for (const std::string& run : options.wanted)
    records.push_back(read_run_record(find_run(options.runs, run)));
  const ReportOptions report{.title = options.title};
  if (options.json) {
    print(report_json(records, report) + "\n");
  } else {
    print_results(records, result_table(records, report), false);
  }
  if (options.figures) {
    const auto figures = report_figures(records);
    for (const ReportFigure& figure : figures)
      write_page(*options.figures / (figure.id + ".svg"), figure.svg);
    say(fmt::format("{} figures in {}", figures.size(), options.figures->string()));
  }
  if (options.json && !options.page) return kOk;
  const fs::path page = options.page.value_or(options.runs / "report.html");
  write_page(page, html_report(records, report));
  const std::string sentence = "Report: " + fs::absolute(page).lexically_normal().string();
  options.json ? say(sentence) : print("\n" + sentence + "\n");
  return kOk;
}

}  // namespace

void add_report(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb =
      line.verb(line.app, "report", "Tabulate runs and write a page of curves that opens without a network",
                "apical report 3f9a2c 8b07d1 -o dfc-and-dfa.html --figures figures/",
                [options] { return run(*options); });
  verb->add_option("RUN", options->wanted, "beginnings of ids, or directories")
      ->required()
      ->option_text("...");
  verb->add_option("-o,--output", options->page, "the page")
      ->option_text("FILE.html [report.html among the runs]");
  verb->add_option("--figures", options->figures, "also every figure as an SVG file, in this folder")
      ->option_text("DIR");
  verb->add_option("--title", options->title, "of the page")->option_text("TEXT");
  add_runs_option(*verb, options->runs);
  add_json_option(*verb, options->json);
}

}  // namespace apical::cli
