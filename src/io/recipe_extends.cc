#include "io/recipe_extends.h"

#include <fmt/format.h>

#include <algorithm>

#include "apical/atomic_file.h"
#include "apical/error.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 1 << 20;

std::vector<std::string> names_of(const toml::node& node, const std::string& where) {
  std::vector<std::string> names;
  if (const auto* text = node.as_string()) names.push_back(text->get());
  if (const auto* list = node.as_array()) {
    for (const auto& item : *list) {
      if (const auto* text = item.as_string()) names.push_back(text->get());
    }
    if (names.size() != list->size()) names.clear();
  }
  if (names.empty())
    throw Error(where, "'extends' must be the name of a recipe file, or a list of such names.",
                "For example extends = \"base.toml\". Names are relative to this file's folder.");
  return names;
}

std::vector<std::string> recipes_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void append(const fs::path& path, std::vector<fs::path>& opened, std::vector<RecipeText>& texts) {
  RecipeText text{path.string(), recipe_table(read_whole(path, kMostBytes), path.string())};
  opened.push_back(fs::weakly_canonical(path));
  if (const toml::node* extends = text.table.get("extends")) {
    const std::string where = fmt::format("{}:{}", text.name, extends->source().begin.line);
    for (const std::string& name : names_of(*extends, where)) {
      const fs::path base = (path.parent_path() / name).lexically_normal();
      std::error_code ignored;
      if (!fs::is_regular_file(base, ignored))
        throw unknown_choice(where, "recipe to extend", name, recipes_in(base.parent_path()));
      if (std::find(opened.begin(), opened.end(), fs::weakly_canonical(base)) != opened.end())
        throw Error(where, fmt::format("'{}' extends itself.", name), "Take one of the 'extends' out.");
      append(base, opened, texts);
    }
  }
  opened.pop_back();
  texts.push_back(std::move(text));
}

}  // namespace

toml::table recipe_table(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    const auto begin = error.source().begin;
    throw Error(fmt::format("{}:{}:{}", name, begin.line, begin.column),
                fmt::format("is not valid TOML: {}.", error.description()));
  }
}

std::vector<RecipeText> with_bases(const fs::path& path) {
  std::error_code ignored;  // what cannot even be looked for is left to the reader's message
  if (!fs::exists(path, ignored)) {
    const std::vector<std::string> beside = recipes_in(path.has_parent_path() ? path.parent_path() : ".");
    if (!beside.empty()) throw unknown_choice(path.string(), "recipe file", path.filename().string(), beside);
  }
  std::vector<fs::path> opened;
  std::vector<RecipeText> texts;
  append(path, opened, texts);
  return texts;
}

}  // namespace apical
