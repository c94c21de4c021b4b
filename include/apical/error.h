// Two kinds of failure: the user's mistake (Error) and a bug of ours (InternalError).
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace apical {

// The user's mistake: bad input, bad settings, a missing file. The message is one or more whole sentences that say where,
// what was required, what came, and what would be valid.
class Error : public std::runtime_error {
 public:
  // where: "recipe.toml:12" or "dfc: parameter k_p"; problem: what was required and what came; hint: what to do (may be empty).
  Error(std::string where, std::string problem, std::string hint = {});

  const std::string& where() const { return where_; }
  const std::string& problem() const { return problem_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string where_, problem_, hint_;
};

// A bug of ours: an invariant that no input should be able to break.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// The valid words ordered by edit distance to `word`, nearest first.
std::vector<std::string> nearest_first(std::string_view word, std::span<const std::string> valid);

// "Unknown <kind> 'word'": an Error at `where` whose hint names the nearest valid choice, then all of them.
Error unknown_choice(std::string where, std::string_view kind, std::string_view word,
                     std::span<const std::string> valid);

}  // namespace apical
