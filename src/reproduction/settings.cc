// Which values of a recipe decide what comes out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "apical/reproduction.h"

namespace apical {
namespace {

// Names and published numbers; seeds and precision, which every result says itself; what changes no bit.
constexpr std::array<std::string_view, 9> kUndecided = {"recipe.",
                                                        "probes.",
                                                        "passes.",
                                                        "training.seeds",
                                                        "training.precision",
                                                        "training.threads",
                                                        "training.kernels",
                                                        "training.checkpoint_epochs",
                                                        "training.checkpoint_minutes"};

}  // namespace

std::map<std::string, Value> deciding_settings(const Recipe& recipe) {
  std::map<std::string, Value> settings = resolve_recipe(recipe).values();
  std::erase_if(settings, [](const auto& setting) {
    return std::any_of(kUndecided.begin(), kUndecided.end(),
                       [&](std::string_view beginning) { return setting.first.starts_with(beginning); });
  });
  // the ends follow from the data, whether they are said or not
  auto& layers = std::get<std::vector<std::int64_t>>(settings.at("network.layers"));
  layers.front() = layers.back() = 0;
  return settings;
}

std::string changed_setting(const std::map<std::string, Value>& measured,
                            const std::map<std::string, Value>& now) {
  for (const auto& [key, value] : measured) {
    const auto found = now.find(key);
    if (found == now.end()) return fmt::format("{} was {} and is no longer there", key, to_toml(value));
    if (found->second != value)
      return fmt::format("{} was {} and is {}", key, to_toml(value), to_toml(found->second));
  }
  return "";
}

}  // namespace apical
