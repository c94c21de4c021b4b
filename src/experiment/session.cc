#include "experiment/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "apical/error.h"
#include "kernels/kernels.h"

namespace apical {
namespace {

Plan planned(const Recipe& recipe, const DataPaths& data) {
  use_kernels(recipe.training.kernels, factors_of(recipe.training.precision));
  return make_plan(recipe, data);
}

unsigned threads_for(const Recipe& recipe) {
  const auto said = static_cast<unsigned>(recipe.training.threads);
  return said > 0 ? said : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Recipe recorded_recipe(const RunManifest& manifest, const std::filesystem::path& run_directory) {
  Recipe recipe = parse_recipe(manifest.recipe, (run_directory / "manifest.json").string());
  const std::vector<std::string> available = available_kernels();
  if (std::find(available.begin(), available.end(), manifest.kernels) == available.end()) {
    throw Error(
        run_directory.string(),
        fmt::format("the run used the kernels {}, which this machine does not have: the bits would differ.",
                    manifest.kernels),
        fmt::format("Here are: {}.", fmt::join(available, ", ")));
  }
  recipe.training.kernels = manifest.kernels;
  return recipe;
}

Session::Session(const Recipe& recipe, const DataPaths& data, std::uint64_t seed)
    : plan_(planned(recipe, data)),
      seed_(seed),
      pool_(threads_for(recipe)),
      trainer_(make_trainer(plan_, seed, pool_)) {}

RunManifest Session::manifest() const {
  RunManifest manifest;
  Recipe one = plan_.recipe;
  one.training.seeds = {static_cast<std::int64_t>(seed_)};
  manifest.name = one.info.name;
  manifest.rule = plan_.card.id;
  manifest.data = one.problem.data;
  manifest.seed = static_cast<std::int64_t>(seed_);
  manifest.data_sha256 = plan_.data_sha256;
  manifest.recipe = one.to_toml();
  manifest.kernels = kernels_in_use();
  manifest.instruction_set = kernels_in_use();
  manifest.precision = one.training.precision;
  manifest.threads = pool_.threads();
  return manifest;
}

void Session::require_same(const RunManifest& manifest, const std::string& where) const {
  for (const auto& [part, hash] : manifest.data_sha256) {
    const auto found = plan_.data_sha256.find(part);
    if (found == plan_.data_sha256.end() || found->second != hash) {
      throw Error(
          where,
          fmt::format(
              "the {} data is not what the run was trained on: SHA-256 {} was recorded, here it is {}.", part,
              hash, found == plan_.data_sha256.end() ? "missing" : found->second));
    }
  }
}

}  // namespace apical
