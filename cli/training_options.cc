#include "training_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "apical/atomic_file.h"
#include "costs.h"
#include "stop.h"

namespace apical::cli {

void Resources::add_to(CLI::App& verb) {
  verb.add_option("--threads", threads, "threads; results do not depend on it")
      ->option_text("N [one per core]")
      ->check(CLI::Range(1, 4096));
  verb.add_option("--kernels", kernels, "auto, reference, or the name of an instruction set")
      ->option_text("NAME");
  add_runs_option(verb, runs);
  add_data_option(verb, data_folder);
  add_json_option(verb, json);
}

void Resources::apply(Recipe& recipe) const {
  if (threads) recipe.set(fmt::format("training.threads={}", *threads), "--threads");
  if (!kernels.empty()) recipe.set("training.kernels=" + kernels, "--kernels");
}

TrainingOptions Resources::training(const CommandLine& line, Live& live) const {
  TrainingOptions options;
  options.runs = runs;
  options.data = data_paths(data_folder);
  options.command = line.words;
  options.command.insert(options.command.begin(), "apical");
  options.progress = [&live](const TrainingProgress& progress) { live.show(progress); };
  // the seeds of a rule mostly have the same to say
  options.warn = [&live, said = std::make_shared<std::set<std::string>>()](const std::string& sentence) {
    if (!said->insert(sentence).second) return;
    live.clear();
    say(sentence);
  };
  options.stop = &stop_on_signals();
  return options;
}

void RecordedRun::add_to(CLI::App& verb) {
  verb.add_option("RUN", run, "the beginning of its id, or its directory")->required()->option_text(" ");
  add_runs_option(verb, resources.runs);
  add_data_option(verb, resources.data_folder);
  add_json_option(verb, resources.json);
}

void Seeds::add_to(CLI::App& verb) {
  auto* single = verb.add_option("--seed", one, "this seed instead of the recipe's")->option_text("N");
  verb.add_option("--seeds", count, "as many seeds, counting up from the recipe's first")
      ->option_text("N")
      ->check(CLI::Range(1, 100000))
      ->excludes(single);
}

void Seeds::apply(Recipe& recipe) const {
  if (one) recipe.set(fmt::format("training.seeds={}", *one), "--seed");
  if (!count) return;
  std::vector<std::int64_t> seeds;
  for (std::int64_t i = 0; i < *count; ++i) seeds.push_back(recipe.training.seeds.front() + i);
  recipe.set(fmt::format("training.seeds={}", fmt::join(seeds, ", ")), "--seeds");
}

void print_results(std::span<const RunRecord> runs, const Table& table, bool json) {
  print(table, json);
  if (json) return;
  const std::string plot = result_plot(runs, terminal_style(STDOUT_FILENO));
  if (!plot.empty()) print("\n" + plot);
}

void print_results(std::span<const RunRecord> runs, const Table& table,
                   std::span<const TrainingResult> results, bool json) {
  if (json) return print_tables({table, speed_table(results)}, {"", "speed"}, true);
  print_results(runs, table, false);
  print("\n" + speed_table(results).text(terminal_style(STDOUT_FILENO)));
}

void suggest_resume(const TrainingResult& result) {
  say(fmt::format("Stopped; everything so far is saved. Go on with: apical resume {}",
                  result.directory.string()));
}

void write_page(const std::filesystem::path& path, const std::string& text) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  write_atomically(path, text);
}

}  // namespace apical::cli
