#include "apical/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace apical {
namespace {

std::string message(const std::string& where, const std::string& problem, const std::string& hint) {
  std::string text = where.empty() ? problem : fmt::format("{}: {}", where, problem);
  if (!hint.empty()) text += " " + hint;
  return text;
}

// Levenshtein distance by dynamic programming over one row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

Error::Error(std::string where, std::string problem, std::string hint)
    : std::runtime_error(message(where, problem, hint)),
      where_(std::move(where)),
      problem_(std::move(problem)),
      hint_(std::move(hint)) {}

std::vector<std::string> nearest_first(std::string_view word, std::span<const std::string> valid) {
  std::vector<std::string> sorted(valid.begin(), valid.end());
  std::stable_sort(sorted.begin(), sorted.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(word, a) < edit_distance(word, b);
  });
  return sorted;
}

Error unknown_choice(std::string where, std::string_view kind, std::string_view word,
                     std::span<const std::string> valid) {
  const auto sorted = nearest_first(word, valid);
  std::string hint = "There are no valid choices.";
  if (sorted.size() == 1) hint = fmt::format("The only valid choice is '{}'.", sorted[0]);
  if (sorted.size() > 1) {
    hint = fmt::format("Did you mean '{}'? Valid, nearest first: {}.", sorted[0], fmt::join(sorted, ", "));
  }
  return Error(std::move(where), fmt::format("unknown {} '{}'.", kind, word), hint);
}

}  // namespace apical
