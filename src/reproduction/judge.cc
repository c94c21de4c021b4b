#include <algorithm>

#include "apical/error.h"
#include "apical/reproduction.h"
#include "core/median.h"

namespace apical {
namespace {

constexpr std::size_t kFewestSeeds = 3;

// The runs that count: finished ones in the recipe's precision, or the partial ones where none is finished.
std::vector<const SeedResult*> counted(const PublishedCell& cell, const CellResults& results, bool finished) {
  std::vector<const SeedResult*> runs;
  for (const SeedResult& run : results.runs) {
    if (run.precision == cell.recipe.training.precision && run.finished == finished && run.epochs > 0)
      runs.push_back(&run);
  }
  return runs;
}

}  // namespace

const std::string& to_string(Agreement agreement) {
  static const std::vector<std::string> words = {"not run",    "settings changed", "partial",  "too few",
                                                 "reproduced", "inconclusive",     "different"};
  return words.at(static_cast<std::size_t>(agreement));
}

Judgement judge(const PublishedCell& cell, const CellResults& results) {
  Judgement judged;
  std::vector<const SeedResult*> runs = counted(cell, results, true);
  const bool partial = runs.empty();
  if (partial) runs = counted(cell, results, false);
  if (runs.empty()) return judged;

  std::vector<double> values, seconds;
  judged.epochs = runs.front()->epochs;
  for (const SeedResult* run : runs) {
    values.push_back(run->value);
    judged.epochs = std::min(judged.epochs, run->epochs);
    seconds.push_back(run->seconds);
  }
  judged.seconds = median(seconds);
  judged.ours = Sample::of(values);
  if (!changed_setting(results.settings, deciding_settings(cell.recipe)).empty()) {
    judged.agreement = Agreement::changed;
    return judged;
  }
  judged.agreement = partial ? Agreement::partial : Agreement::too_few;
  if (partial || values.size() < kFewestSeeds) return judged;

  const Published& published = cell.recipe.published;
  judged.test =
      equivalence_test(judged.ours, {published.value, published.sd, published.seeds}, published.tolerance);
  judged.agreement = judged.test.equivalent()  ? Agreement::reproduced
                     : judged.test.different() ? Agreement::different
                                               : Agreement::inconclusive;
  return judged;
}

}  // namespace apical
