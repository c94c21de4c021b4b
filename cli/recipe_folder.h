// Where the recipes are that come with Apical.
#pragma once

#include <filesystem>

namespace apical::cli {

// ./recipes; else beside the program: of its source tree, or as installed. Throws Error that names these places.
std::filesystem::path find_recipe_folder();

}  // namespace apical::cli
