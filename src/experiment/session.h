// A recipe made ready to run on this machine: plan, threads, kernels and trainer of one seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "apical/data.h"
#include "apical/run.h"
#include "core/pool.h"
#include "experiment/plan.h"
#include "experiment/trainer.h"

namespace apical {

// The recipe of a run as it ran, with the kernels that were chosen then. Throws Error if this machine does not have them.
Recipe recorded_recipe(const RunManifest& manifest, const std::filesystem::path& run_directory);

class Session {
 public:
  Session(const Recipe& recipe, const DataPaths& data, std::uint64_t seed);

  const Plan& plan() const { return plan_; }
  TrainerBase& trainer() { return *trainer_; }
  unsigned threads() const { return pool_.threads(); }
  Pool& pool() { return pool_; }

  // What the record says of this session.
  RunManifest manifest() const;
  // Throws Error at `where` unless the data are those of the manifest: others give other bits.
  void require_same(const RunManifest& manifest, const std::string& where) const;

 private:
  Plan plan_;
  std::uint64_t seed_;
  Pool pool_;
  std::unique_ptr<TrainerBase> trainer_;
};

}  // namespace apical
