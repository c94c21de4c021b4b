// `extends = "base.toml"`: a recipe that says only what it changes in others.
#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <vector>

namespace apical {

struct RecipeText {
  std::string name;  // the file, as messages call it
  toml::table table;
};

// The TOML of a text. Throws Error with name, line and column.
toml::table recipe_table(std::string_view text, const std::string& name);

// A recipe file behind the files that it extends, in the order in which they are to be read: what comes later holds.
// Throws Error with the nearest of the recipes beside it if the file is missing; with file and line if one that it
// extends is missing, is no list of files, or extends itself.
std::vector<RecipeText> with_bases(const std::filesystem::path& path);

}  // namespace apical
