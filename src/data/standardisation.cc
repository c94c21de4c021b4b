#include <algorithm>
#include <cmath>
#include <vector>

#include "apical/data.h"
#include "apical/error.h"

namespace apical {
namespace {

// Calls visit(value) for every input of every sample, without the standardisation.
template <class Visit>
void for_each_input(const Dataset& data, Visit visit) {
  std::vector<double> row(data.inputs());
  for (std::uint32_t i = 0; i < data.size(); ++i) {
    data.gather(std::span(&i, 1), {1, 0, 1}, row.data(), row.size());
    for (const double value : row) visit(value);
  }
}

// A scale that the description gives is kept: it is the published one.
Standardisation onto_unit(const Dataset& train) {
  if (train.standardisation().scale != 1) return {train.standardisation().scale, 0, 1};
  double greatest = 0;
  for_each_input(train, [&](double value) { greatest = std::max(greatest, std::abs(value)); });
  return {greatest > 0 ? 1 / greatest : 1, 0, 1};
}

Standardisation onto_zero_mean(const Dataset& train) {
  if (train.standardisation().mean != 0) return train.standardisation();
  Standardisation s = onto_unit(train);
  const double count = static_cast<double>(train.size()) * static_cast<double>(train.inputs());
  // Two passes, as one loses digits where the mean is large.
  double sum = 0, squares = 0;
  for_each_input(train, [&](double value) { sum += value * s.scale; });
  s.mean = sum / count;
  for_each_input(train,
                 [&](double value) { squares += (value * s.scale - s.mean) * (value * s.scale - s.mean); });
  s.sd = std::sqrt(squares / count);
  // Values are at most about 1 here; below this there is only rounding.
  if (!(s.sd > 1e-12)) {
    throw Error(train.name() + " " + train.part(), "cannot be standardised: all its inputs are equal.",
                "Choose the standardisation 'none' or 'unit'.");
  }
  return s;
}

}  // namespace

std::span<const std::string> standardisation_choices() {
  static const std::vector<std::string> choices = {"default", "none", "unit", "standard"};
  return choices;
}

Standardisation choose_standardisation(const Dataset& train, std::string_view choice) {
  if (choice == "default") return train.standardisation();
  if (choice == "none") return {1, 0, 1};
  if (choice == "unit") return onto_unit(train);
  if (choice == "standard") return onto_zero_mean(train);
  throw unknown_choice("standardisation", "choice", choice, standardisation_choices());
}

}  // namespace apical
