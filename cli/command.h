// What every verb of the command line shares: how it is registered, how it ends, what it prints.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "apical/data.h"
#include "apical/table.h"

namespace apical::cli {

// What the process returns; docs/command-line.md describes them for users.
enum Exit : int {
  kOk = 0,
  kCheckFailed = 1,  // verify, parity, data check
  kBadInput = 2,     // bad input or usage
  kStopped = 3,      // by the user; what ran can be resumed
  kBug = 70,         // of ours
};

// The command line as it is taken apart.
struct CommandLine {
  CLI::App app;
  std::vector<std::string> words;                                  // as typed
  std::function<int()> chosen;                                     // the verb that was named
  std::map<const CLI::Option*, std::vector<std::string>> choices;  // words that completion offers

  CommandLine();
  // A subcommand of `parent` whose help ends with an example; `run` is called after all words have been read.
  CLI::App* verb(CLI::App& parent, const std::string& name, const std::string& meaning,
                 const std::string& example, std::function<int()> run);
};

// `--runs DIR`, `--data-folder DIR`, `--json`.
void add_runs_option(CLI::App& verb, std::filesystem::path& runs);
void add_data_option(CLI::App& verb, std::optional<std::filesystem::path>& folder);
void add_json_option(CLI::App& verb, bool& json);
DataPaths data_paths(const std::optional<std::filesystem::path>& folder);

// The ids of all rules; the names of all data sets.
std::vector<std::string> rule_ids();
std::vector<std::string> data_names();

// "/home/me/runs/2024-05-31-dfc-3f9a2c" for the beginning of an id or a path of a run.
std::filesystem::path find_run(const std::filesystem::path& runs, const std::string& id_or_path);

// To stdout: a table for readers or programs, and plain text.
void print(const Table& table, bool json);
void print(const std::string& text);
// To stderr: a sentence for whoever is watching.
void say(const std::string& sentence);

// Each adds one verb.
void add_train(CommandLine& line);
void add_compare(CommandLine& line);
void add_demo(CommandLine& line);
void add_rules(CommandLine& line);
void add_probes(CommandLine& line);
void add_eval(CommandLine& line);
void add_resume(CommandLine& line);
void add_verify(CommandLine& line);
void add_report(CommandLine& line);
void add_runs(CommandLine& line);
void add_scope(CommandLine& line);
void add_data(CommandLine& line);
void add_parity(CommandLine& line);
void add_bench(CommandLine& line);
void add_completion(CommandLine& line);

}  // namespace apical::cli
