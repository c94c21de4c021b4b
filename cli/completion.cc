// Shell completion, made from the tree of verbs and options as it is, so that it never falls behind.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.h"

namespace apical::cli {
namespace {

// What may follow one verb: "" for the program itself, "data get".
struct Place {
  std::string path;
  std::vector<std::pair<std::string, std::string>> words;  // verbs and options, and what they mean
  std::vector<std::pair<std::string, std::vector<std::string>>>
      option_choices;  // "--rule" → ids; empty: a file or free text
  std::vector<std::string> argument_choices;
};

void gather(const CommandLine& line, const CLI::App& app, const std::string& path,
            std::vector<Place>& places) {
  Place place{path, {}, {}, {}};
  for (const CLI::App* verb : app.get_subcommands(nullptr))
    place.words.emplace_back(verb->get_name(), verb->get_description());
  for (const CLI::Option* option : app.get_options()) {
    const auto offered = line.choices.find(option);
    const auto choices = offered == line.choices.end() ? std::vector<std::string>{} : offered->second;
    if (option->get_positional()) {
      place.argument_choices.insert(place.argument_choices.end(), choices.begin(), choices.end());
      continue;
    }
    for (const std::string& name : option->get_lnames()) {
      place.words.emplace_back("--" + name, option->get_description());
      if (option->get_items_expected_max() > 0) place.option_choices.emplace_back("--" + name, choices);
    }
  }
  places.push_back(std::move(place));
  for (const CLI::App* verb : app.get_subcommands(nullptr))
    gather(line, *verb, path.empty() ? verb->get_name() : path + " " + verb->get_name(), places);
}

std::string names_of(const Place& place) {
  std::vector<std::string> names = place.argument_choices;
  for (const auto& [name, meaning] : place.words) names.push_back(name);
  return fmt::format("{}", fmt::join(names, " "));
}

// Shared by bash and zsh: two functions from the verbs typed so far to words.
std::string tables(const std::vector<Place>& places) {
  std::string text = "_apical_words() {\n  case \"$1\" in\n";
  for (const Place& place : places)
    text += fmt::format("    '{}') echo '{}' ;;\n", place.path, names_of(place));
  text += "  esac\n}\n_apical_values() {\n  case \"$1 $2\" in\n";
  for (const Place& place : places) {
    for (const auto& [option, choices] : place.option_choices) {
      text += fmt::format("    '{} {}') echo '{}' ;;\n", place.path, option,
                          choices.empty() ? "@files" : fmt::format("{}", fmt::join(choices, " ")));
    }
  }
  text +=
      "  esac\n}\n_apical_verbs() {\n  local path='' word\n  for word in \"$@\"; do\n    case \"$path "
      "$word\" in\n";
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    const auto space = place.path.rfind(' ');
    const std::string parent = space == std::string::npos ? "" : place.path.substr(0, space);
    text += fmt::format("      '{} {}') path='{}' ;;\n", parent,
                        space == std::string::npos ? place.path : place.path.substr(space + 1), place.path);
  }
  return text + "    esac\n  done\n  echo \"$path\"\n}\n";
}

std::string bash(const std::vector<Place>& places) {
  return "# apical completion bash: source it, or save it as "
         "~/.local/share/bash-completion/completions/apical\n" +
         tables(places) + R"(_apical() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path values
  path=$(_apical_verbs "${COMP_WORDS[@]:1:COMP_CWORD-1}")
  values=$(_apical_values "$path" "$before")
  [[ -n $values ]] || values=$(_apical_words "$path")
  local prefix='' last=$current
  if [[ $before == --rules && $current == *,* ]]; then prefix=${current%,*},; last=${current##*,}; fi
  COMPREPLY=()
  [[ $values == @files ]] || COMPREPLY=($(compgen -P "$prefix" -W "$values" -- "$last"))
}
complete -o default -F _apical apical
)";
}

std::string zsh(const std::vector<Place>& places) {
  return "#compdef apical\n# apical completion zsh: save it as _apical in a folder of $fpath\n" +
         tables(places) + R"(_apical() {
  local verbs values
  verbs=$(_apical_verbs "${(@)words[2,CURRENT-1]}")
  values=$(_apical_values "$verbs" "${words[CURRENT-1]}")
  [[ -n $values ]] || values=$(_apical_words "$verbs")
  if [[ $values == @files ]]; then _files; return; fi
  [[ ${words[CURRENT-1]} == --rules ]] && compset -P '*,'
  compadd -- ${=values} || _files
}
if [[ $funcstack[1] == _apical ]]; then _apical "$@"; else compdef _apical apical; fi
)";
}

std::string in_quotes(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return safe + "'";
}

std::string fish(const std::vector<Place>& places) {
  std::string text =
      "# apical completion fish: save it as ~/.config/fish/completions/apical.fish\ncomplete -c apical -n "
      "__fish_use_subcommand -f\n";
  for (const Place& place : places) {
    std::string when = "__fish_use_subcommand";
    if (!place.path.empty()) {
      when.clear();
      for (std::size_t at = 0; at != std::string::npos; at = place.path.find(' ', at + 1)) {
        const std::size_t begin = at == 0 ? 0 : at + 1;
        const std::string word = place.path.substr(begin, place.path.find(' ', begin) - begin);
        when += (when.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
      }
    }
    for (const auto& [name, meaning] : place.words) {
      const bool option = name.starts_with("--");
      std::string values;
      for (const auto& [known, choices] : place.option_choices) {
        if (known != name) continue;
        values = choices.empty() ? " -r" : " -xa " + in_quotes(fmt::format("{}", fmt::join(choices, " ")));
      }
      text += fmt::format("complete -c apical -n {} {}{} -d {}\n", in_quotes(when),
                          option ? "-l " + name.substr(2) : "-fa " + name, values, in_quotes(meaning));
    }
    if (place.argument_choices.empty()) continue;
    text += fmt::format("complete -c apical -n {} -fa {}\n", in_quotes(when),
                        in_quotes(fmt::format("{}", fmt::join(place.argument_choices, " "))));
  }
  return text;
}

int run(const CommandLine& line, const std::string& shell) {
  std::vector<Place> places;
  gather(line, line.app, "", places);
  print(shell == "bash" ? bash(places) : shell == "zsh" ? zsh(places) : fish(places));
  return kOk;
}

}  // namespace

void add_completion(CommandLine& line) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* verb = line.verb(line.app, "completion", "Print the completion script of a shell",
                             "apical completion bash > ~/.local/share/bash-completion/completions/apical",
                             [&line, shell] { return run(line, *shell); });
  const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  line.choices[verb->add_option("SHELL", *shell, "bash, zsh or fish")
                   ->required()
                   ->check(CLI::IsMember(shells))
                   ->option_text(" ")] = shells;
}

}  // namespace apical::cli
