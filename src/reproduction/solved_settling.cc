// Whether a network learns as well from the equilibrium, or from the linear response, that are solved for as from the last of a thousand simulated
// states.
#include <fmt/format.h>

#include <array>

#include "reproduction/figure_functions.h"
#include "reproduction/paired_ways.h"
#include "reproduction/toy_runs.h"

namespace apical {

FigureOutcome solved_settling(const FigureTask& task) {
  const std::array<Way, 3> ways = {{{"solved", "Solved settling", {"rule.settling=solved"}},
                                    {"linear-response", "Linear response", {"rule.settling=linear-response"}},
                                    {"simulated", "Simulated settling", {"rule.settling=steps"}}}};
  const auto& [solving, responding, simulating] = ways;
  Recipe recipe = load_recipe(task.recipes / "dfc2021/solved-settling.toml");
  if (task.quick) shrink_to_digits(recipe);
  FigureOutcome outcome;
  const auto runs = train_paired(recipe, ways, "solved-settling", task, outcome);
  if (!runs) return {.finished = false};
  double samples = 0, solved = 0, fell_back = 0;
  for (const Way& way : {solving, responding}) {
    outcome.claims.push_back(same_error(way, simulating, *runs, recipe));
    for (const PairedRun& one : runs->at(way.name)) {
      samples += one.samples;
      solved += one.solved;
      fell_back += one.fell_back;
    }
  }
  outcome.claims.push_back(
      {"Every sample was solved for, or simulated and counted as such.",
       fmt::format(
           "{:.0f} of {:.0f} solved for with a certificate or to the tolerance, {:.0f} simulated instead.",
           solved, samples, fell_back),
       samples > 0 && solved + fell_back == samples});
  return outcome;
}

}  // namespace apical
