// apical: reads the words, runs the verb, turns failures into one message and an exit code.
#include <fmt/format.h>

#include <filesystem>
#include <new>
#include <sstream>

#include "apical/error.h"
#include "command.h"

namespace apical::cli {
namespace {

// `--set a=1 b=2` is `--set a=1 --set b=2`.
std::vector<std::string> with_every_assignment_named(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  bool assigning = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool follows = i > 0 && words[i - 1] == "--set";
    const bool assignment = !words[i].starts_with("-") && words[i].find('=') != std::string::npos;
    if (assigning && !follows && assignment) all.emplace_back("--set");
    assigning = words[i] == "--set" || follows || (assigning && assignment);
    all.push_back(words[i]);
  }
  return all;
}

const CLI::App& deepest(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : deepest(*chosen.front());
}

std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : path_of(*app.get_parent()) + " " + app.get_name();
}

// A word that nothing expects: the nearest verb or option.
Error unexpected(const CLI::App& app, const std::string& word) {
  const CLI::App& verb = deepest(app);
  std::vector<std::string> valid;
  const bool option = word.starts_with("-");
  if (option) {
    for (const CLI::Option* known :
         verb.get_options([](const CLI::Option* o) { return !o->get_group().empty(); })) {
      for (const std::string& name : known->get_lnames()) valid.push_back("--" + name);
    }
  } else {
    for (const CLI::App* known : verb.get_subcommands(nullptr)) valid.push_back(known->get_name());
  }
  if (!valid.empty())
    return unknown_choice(path_of(verb), option ? "option" : "verb", word.substr(0, word.find('=')), valid);
  return Error(path_of(verb), fmt::format("the word '{}' was not expected.", word),
               fmt::format("`{} --help` shows what is.", path_of(verb)));
}

// Reads the words; false if the verb of the help or version has been served.
bool parse(CommandLine& line) {
  std::vector<std::string> reversed = with_every_assignment_named(line.words);
  std::reverse(reversed.begin(), reversed.end());
  try {
    line.app.parse(reversed);
  } catch (const CLI::Success& served) {
    std::ostringstream text;
    line.app.exit(served, text, text);
    print(text.str());
    return false;
  } catch (const CLI::ExtrasError&) {
    const CLI::App& verb = deepest(line.app);
    const auto left = verb.remaining().empty() ? line.app.remaining(true) : verb.remaining();
    throw unexpected(line.app, left.empty() ? "" : left.front());
  } catch (const CLI::ParseError& error) {
    const std::string path = path_of(deepest(line.app));
    throw Error(path, fmt::format("{}.", error.what()),
                fmt::format("`{} --help` shows what is expected.", path));
  }
  return true;
}

int run(std::vector<std::string> words) {
  CommandLine line;
  line.words = std::move(words);
  for (const auto add :
       {add_demo, add_train, add_compare, add_rules, add_probes, add_runs, add_report, add_eval,
        add_reproduce, add_resume, add_verify, add_scope, add_data, add_parity, add_bench, add_completion}) {
    add(line);
  }
  if (!parse(line)) return kOk;
  if (!line.chosen) {
    print(line.app.help());
    return kOk;
  }
  return line.chosen();
}

}  // namespace
}  // namespace apical::cli

int main(int argc, char** argv) {
  using namespace apical;
  using namespace apical::cli;
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    say(error.what());
    return kBadInput;
  } catch (const std::filesystem::filesystem_error& error) {
    say(error.what());
    return kBadInput;
  } catch (const std::bad_alloc&) {
    say("There is not enough memory. Try a smaller network, batch_size or data set.");
    return kBadInput;
  } catch (const std::exception& error) {
    say(fmt::format("This is a bug in Apical, please report it with the command that you typed: {}",
                    error.what()));
    return kBug;
  }
}
