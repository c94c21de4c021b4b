// Named, typed, ranged settings: what a rule, an optimizer or a recipe can be told. One description feeds the
// command line's help, the recipe's schema, the documentation and the run record.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace apical {

using Value =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

// "0.02", "true", "\"paper\"", "[1, 2]": as TOML writes it, with the fewest digits that read back to the same
// bits.
std::string to_toml(const Value& value);
// "whole number", "text", "list of reals": what the value is, for messages.
std::string kind_name(const Value& value);

// One setting. The kind is the type that `fallback` holds.
struct Parameter {
  std::string name;     // snake_case, the field's symbol where it has one: k_p, alpha, tau_v
  Value fallback;       // what holds if nothing is said
  std::string unit;     // "ms", "1/tau_u", "steps"; empty: dimensionless
  std::string meaning;  // one sentence
  double least =
      -std::numeric_limits<double>::infinity();  // numbers, and each number of a list: inclusive range
  double most = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  // strings: the valid words (empty: any)

  // The value, converted (whole numbers to reals) and checked; throws Error at `where` that says what was
  // required and what came. Numbers have to be finite.
  Value checked(const Value& value, const std::string& where) const;
  // Reads "0.02", "true", "paper", "1, 2" (or "[1, 2]") as this parameter's kind; throws Error at `where`.
  Value parsed(std::string_view text, const std::string& where) const;
  // "real in [0, 1]", "one of code, paper", "whole number ≥ 1", "list of reals ≥ 0".
  std::string requirement() const;
};

// Short builders, so that a card reads as a table.
Parameter real(std::string name, double fallback, std::string unit, double least, double most,
               std::string meaning);
Parameter whole(std::string name, std::int64_t fallback, std::string unit, double least, double most,
                std::string meaning);
Parameter flag(std::string name, bool fallback, std::string meaning);
Parameter choice(std::string name, std::string fallback, std::vector<std::string> choices,
                 std::string meaning);
Parameter text(std::string name, std::string fallback, std::string meaning);
Parameter reals(std::string name, std::vector<double> fallback, std::string unit, double least, double most,
                std::string meaning);
Parameter wholes(std::string name, std::vector<std::int64_t> fallback, std::string unit, double least,
                 double most, std::string meaning);

// The settings of one thing: every described parameter has a value.
class Parameters {
 public:
  Parameters() = default;
  // `owner` begins every error message: "rule dfc". Values start at the fallbacks.
  Parameters(std::string owner, std::vector<Parameter> described);

  // Throws Error if the name is not described (nearest names first) or the value does not fit. `where`
  // ("run.toml:12",
  // "--set") comes before the owner in the message.
  void set(std::string_view name, const Value& value, const std::string& where = {});
  void set_text(std::string_view name, std::string_view value, const std::string& where = {});
  // Gives a parameter that nobody set another value, without counting it as set: what a preset of the card does.
  void set_fallback(std::string_view name, const Value& value);

  // The value of a described parameter of that kind; a name or kind that was never described is a bug of
  // ours.
  double real(std::string_view name) const;
  std::int64_t whole(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  const std::vector<double>& reals(std::string_view name) const;
  const std::vector<std::int64_t>& wholes(std::string_view name) const;
  const Value& value(std::string_view name) const;

  bool was_set(std::string_view name) const;  // by set() or set_text(), as opposed to the fallback
  const std::string& owner() const { return owner_; }
  const std::vector<Parameter>& described() const { return described_; }

 private:
  const Parameter& find(std::string_view name, const std::string& where) const;
  std::string located(const std::string& where) const;

  std::string owner_;
  std::vector<Parameter> described_;
  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, bool, std::less<>> set_;
};

}  // namespace apical
