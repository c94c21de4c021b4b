// recipes/demo.toml, carried by the program so that an installed one needs no path to it.
#pragma once

#include <string_view>

namespace apical::cli {

extern const std::string_view kDemoRecipe;

}  // namespace apical::cli
