#include "recipe_folder.h"

#include <fmt/format.h>

#include "apical/error.h"

namespace apical::cli {

namespace fs = std::filesystem;

fs::path find_recipe_folder() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path places[] = {"recipes", program / "../../../recipes", program / "../share/apical/recipes"};
  for (const fs::path& place : places) {
    if (fs::is_directory(place, ignored)) return place.lexically_normal();
  }
  throw Error("reproduce", "there is no folder 'recipes' here, nor beside the program.",
              "Say where it is: --recipes DIR.");
}

}  // namespace apical::cli
