#include "command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "apical/data_catalogue.h"
#include "apical/environment.h"
#include "apical/error.h"
#include "apical/rule.h"
#include "apical/run_index.h"

namespace apical::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAbout = "Apical: how does each synapse learn its share of the credit?";
constexpr const char* kFooter =
    "Examples:\n"
    "  apical demo\n"
    "  apical train recipes/first.toml --rule dfa\n"
    "  apical compare --on digits --rules backprop,dfa,dfc-ssa --epochs 10 --seeds 3\n"
    "\n"
    "Exit codes: 0 all is well; 1 a check failed (verify, parity, data check); 2 bad input or usage;\n"
    "3 stopped by the user, can be resumed; 70 a bug of ours.\n"
    "`apical VERB --help` describes a verb.";

}  // namespace

CommandLine::CommandLine() : app(kAbout, "apical") {
  app.footer(kFooter);
  app.get_formatter()->column_width(28);
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.set_version_flag("--version", "apical " + build_info().version, "print the version");
  app.set_help_flag("-h,--help", "print this help");
  app.require_subcommand(0, 1);
}

CLI::App* CommandLine::verb(CLI::App& parent, const std::string& name, const std::string& meaning,
                            const std::string& example, std::function<int()> run) {
  CLI::App* added = parent.add_subcommand(name, meaning);
  added->group("Verbs");
  added->footer("Example:\n  " + example);
  added->callback([this, run = std::move(run)] { chosen = run; });
  return added;
}

void add_runs_option(CLI::App& verb, fs::path& runs) {
  verb.add_option("--runs", runs, "where runs are recorded")
      ->envname("APICAL_RUNS")
      ->option_text("DIR [runs]");
}

void add_data_option(CLI::App& verb, std::optional<fs::path>& folder) {
  verb.add_option("--data-folder", folder, "a folder with the published files of a data set")
      ->option_text("DIR");
}

void add_json_option(CLI::App& verb, bool& json) { verb.add_flag("--json", json, "print JSON"); }

DataPaths data_paths(const std::optional<fs::path>& folder) {
  DataPaths paths = default_data_paths();
  paths.folder = folder;
  return paths;
}

std::vector<std::string> rule_ids() {
  std::vector<std::string> ids;
  for (const RuleEntry& rule : all_rules()) ids.push_back(rule.card().id);
  return ids;
}

std::vector<std::string> data_names() {
  std::vector<std::string> names;
  for (const DatasetInfo& info : known_datasets({})) names.push_back(info.name);
  return names;
}

fs::path find_run(const fs::path& runs, const std::string& id_or_path) {
  if (fs::exists(fs::path(id_or_path) / "manifest.json")) return id_or_path;
  return RunIndex(runs).find(id_or_path).path;
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error("output", "the results could not be written: the disk is full or the reader is gone.");
  }
}

void print(const Table& table, bool json) {
  print(json ? table.json() + "\n" : table.text(terminal_style(STDOUT_FILENO)));
}

void print_tables(const std::vector<Table>& tables, const std::vector<std::string>& names, bool json) {
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::parse(tables.front().json());
    for (std::size_t i = 1; i < tables.size(); ++i)
      all[names[i]] = nlohmann::ordered_json::parse(tables[i].json());
    return print(all.dump() + "\n");
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (i > 0) print("\n");
    print(tables[i], false);
  }
}

void say(const std::string& sentence) { fmt::print(stderr, "{}\n", sentence); }

}  // namespace apical::cli
