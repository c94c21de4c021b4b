// Whether a network learns as well where the products of settling steps multiply numbers rounded to bfloat16 as where they do not.
#include <array>

#include "reproduction/figure_functions.h"
#include "reproduction/paired_ways.h"
#include "reproduction/toy_runs.h"

namespace apical {

FigureOutcome rounded_factors(const FigureTask& task) {
  const std::array<Way, 2> ways = {{{"bfloat16", "Training in bfloat16", {"training.precision=bfloat16"}},
                                    {"float32", "Training in float32", {"training.precision=float32"}}}};
  Recipe recipe = load_recipe(task.recipes / "dfc2021/bfloat16.toml");
  if (task.quick) shrink_to_digits(recipe);
  FigureOutcome outcome;
  const auto runs = train_paired(recipe, ways, "bfloat16", task, outcome);
  if (!runs) return {.finished = false};
  outcome.claims.push_back(same_error(ways[0], ways[1], *runs, recipe));
  return outcome;
}

}  // namespace apical
