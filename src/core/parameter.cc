#include "apical/parameter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "apical/error.h"

namespace apical {
namespace {

using Wholes = std::vector<std::int64_t>;
using Reals = std::vector<double>;

std::string number(std::int64_t value) { return std::to_string(value); }

// A real keeps a point or an exponent, so that it reads back as a real.
std::string number(double value) {
  std::string digits = fmt::format("{}", value);
  if (digits.find_first_of(".en") == std::string::npos) digits += ".0";
  return digits;
}

template <class Numbers>
std::string list(const Numbers& values) {
  std::vector<std::string> words;
  for (const auto value : values) words.push_back(number(value));
  return fmt::format("[{}]", fmt::join(words, ", "));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\u{:04X}", code);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string_view trimmed(std::string_view text) {
  const auto blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// The whole text as one number, or nothing.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "1, 2" or "[1, 2]" as numbers, or nothing if any of them is none.
template <class Number>
std::optional<std::vector<Number>> read_list(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = trimmed(text.substr(1, text.size() - 2));
  std::vector<Number> values;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto value = read_number<Number>(text.substr(0, comma));
    if (!value) return std::nullopt;
    values.push_back(*value);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return values;
}

// The value as the kind that `like` holds: whole numbers may stand for reals, one number for a list of one,
// an empty list for either list.
std::optional<Value> converted(const Value& value, const Value& like) {
  if (value.index() == like.index()) return value;
  if (std::holds_alternative<double>(like)) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  }
  if (std::holds_alternative<Reals>(like)) {
    if (const auto* real = std::get_if<double>(&value)) return Reals{*real};
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return Reals{static_cast<double>(*whole)};
    if (const auto* wholes = std::get_if<Wholes>(&value)) return Reals(wholes->begin(), wholes->end());
  }
  if (std::holds_alternative<Wholes>(like)) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return Wholes{*whole};
    if (const auto* reals = std::get_if<Reals>(&value); reals != nullptr && reals->empty()) return Wholes{};
  }
  return std::nullopt;
}

// Written so that NaN is never inside.
bool inside(double value, double least, double most) {
  return std::isfinite(value) && value >= least && value <= most;
}

bool in_range(const Value& value, double least, double most) {
  const auto fits = [=](auto number) { return inside(static_cast<double>(number), least, most); };
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fits(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fits(*real);
  if (const auto* wholes = std::get_if<Wholes>(&value))
    return std::all_of(wholes->begin(), wholes->end(), fits);
  if (const auto* reals = std::get_if<Reals>(&value)) return std::all_of(reals->begin(), reals->end(), fits);
  return true;
}

// " in [0, 1]", " ≥ 1", " ≤ 3" or nothing.
std::string range_words(double least, double most) {
  if (std::isfinite(least) && std::isfinite(most)) return fmt::format(" in [{}, {}]", least, most);
  if (std::isfinite(least)) return fmt::format(" ≥ {}", least);
  if (std::isfinite(most)) return fmt::format(" ≤ {}", most);
  return "";
}

Error misfit(const Parameter& parameter, const std::string& came, const std::string& where) {
  const bool article = parameter.choices.empty() && !std::holds_alternative<bool>(parameter.fallback);
  const std::string unit = parameter.unit.empty() ? "" : fmt::format(" (unit: {})", parameter.unit);
  const std::string hint =
      parameter.meaning.empty() ? "" : fmt::format("'{}' is: {}", parameter.name, parameter.meaning);
  return Error(where,
               fmt::format("'{}' must be {}{}{}, got {}.", parameter.name, article ? "a " : "",
                           parameter.requirement(), unit, came),
               hint);
}

}  // namespace

std::string to_toml(const Value& value) {
  struct Writer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return number(v); }
    std::string operator()(double v) const { return number(v); }
    std::string operator()(const std::string& v) const { return quoted(v); }
    std::string operator()(const Wholes& v) const { return list(v); }
    std::string operator()(const Reals& v) const { return list(v); }
  };
  return std::visit(Writer{}, value);
}

std::string kind_name(const Value& value) {
  static const std::string names[] = {"true or false", "whole number",          "real",
                                      "text",          "list of whole numbers", "list of reals"};
  static_assert(std::variant_size_v<Value> == std::size(names));
  return names[value.index()];
}

Value Parameter::checked(const Value& value, const std::string& where) const {
  const auto same_kind = converted(value, fallback);
  if (!same_kind || !in_range(*same_kind, least, most)) throw misfit(*this, to_toml(value), where);
  const auto* word = std::get_if<std::string>(&*same_kind);
  if (word != nullptr && !choices.empty() &&
      std::find(choices.begin(), choices.end(), *word) == choices.end()) {
    throw unknown_choice(where, name, *word, choices);
  }
  return *same_kind;
}

Value Parameter::parsed(std::string_view text, const std::string& where) const {
  std::optional<Value> value;
  if (std::holds_alternative<std::string>(fallback)) value = std::string(text);
  if (std::holds_alternative<bool>(fallback) && (trimmed(text) == "true" || trimmed(text) == "false")) {
    value = trimmed(text) == "true";
  }
  if (std::holds_alternative<std::int64_t>(fallback)) value = read_number<std::int64_t>(text);
  if (std::holds_alternative<double>(fallback)) value = read_number<double>(text);
  if (std::holds_alternative<Wholes>(fallback)) value = read_list<std::int64_t>(text);
  if (std::holds_alternative<Reals>(fallback)) value = read_list<double>(text);
  if (!value) throw misfit(*this, quoted(text), where);
  return checked(*value, where);
}

std::string Parameter::requirement() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  return kind_name(fallback) + range_words(least, most);
}

Parameter real(std::string name, double fallback, std::string unit, double least, double most,
               std::string meaning) {
  return {std::move(name), fallback, std::move(unit), std::move(meaning), least, most};
}

Parameter whole(std::string name, std::int64_t fallback, std::string unit, double least, double most,
                std::string meaning) {
  return {std::move(name), fallback, std::move(unit), std::move(meaning), least, most};
}

Parameter flag(std::string name, bool fallback, std::string meaning) {
  return {std::move(name), fallback, "", std::move(meaning)};
}

Parameter choice(std::string name, std::string fallback, std::vector<std::string> choices,
                 std::string meaning) {
  Parameter parameter{std::move(name), std::move(fallback), "", std::move(meaning)};
  parameter.choices = std::move(choices);
  return parameter;
}

Parameter text(std::string name, std::string fallback, std::string meaning) {
  return {std::move(name), std::move(fallback), "", std::move(meaning)};
}

Parameter reals(std::string name, Reals fallback, std::string unit, double least, double most,
                std::string meaning) {
  return {std::move(name), std::move(fallback), std::move(unit), std::move(meaning), least, most};
}

Parameter wholes(std::string name, Wholes fallback, std::string unit, double least, double most,
                 std::string meaning) {
  return {std::move(name), std::move(fallback), std::move(unit), std::move(meaning), least, most};
}

Parameters::Parameters(std::string owner, std::vector<Parameter> described)
    : owner_(std::move(owner)), described_(std::move(described)) {
  for (const auto& parameter : described_) {
    if (!values_.emplace(parameter.name, parameter.fallback).second) {
      throw InternalError(fmt::format("{} describes '{}' twice", owner_, parameter.name));
    }
  }
}

void Parameters::set(std::string_view name, const Value& value, const std::string& where) {
  const Parameter& parameter = find(name, where);
  values_[parameter.name] = parameter.checked(value, located(where));
  set_[parameter.name] = true;
}

void Parameters::set_fallback(std::string_view name, const Value& value) {
  if (was_set(name)) return;
  const Parameter& parameter = find(name, {});
  values_[parameter.name] = parameter.checked(value, located({}));
}

void Parameters::set_text(std::string_view name, std::string_view value, const std::string& where) {
  const Parameter& parameter = find(name, where);
  values_[parameter.name] = parameter.parsed(value, located(where));
  set_[parameter.name] = true;
}

const Value& Parameters::value(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end())
    throw InternalError(fmt::format("{} describes no parameter '{}'", owner_, name));
  return found->second;
}

namespace {

template <class Kind>
const Kind& as(const Parameters& parameters, std::string_view name) {
  const auto* value = std::get_if<Kind>(&parameters.value(name));
  if (value == nullptr) {
    throw InternalError(
        fmt::format("parameter '{}' of {} was read as another kind", name, parameters.owner()));
  }
  return *value;
}

}  // namespace

double Parameters::real(std::string_view name) const { return as<double>(*this, name); }
std::int64_t Parameters::whole(std::string_view name) const { return as<std::int64_t>(*this, name); }
bool Parameters::flag(std::string_view name) const { return as<bool>(*this, name); }
const std::string& Parameters::text(std::string_view name) const { return as<std::string>(*this, name); }
const Reals& Parameters::reals(std::string_view name) const { return as<Reals>(*this, name); }
const Wholes& Parameters::wholes(std::string_view name) const { return as<Wholes>(*this, name); }

bool Parameters::was_set(std::string_view name) const { return set_.find(name) != set_.end(); }

const Parameter& Parameters::find(std::string_view name, const std::string& where) const {
  for (const auto& parameter : described_) {
    if (parameter.name == name) return parameter;
  }
  std::vector<std::string> names;
  for (const auto& parameter : described_) names.push_back(parameter.name);
  throw unknown_choice(located(where), "parameter", name, names);
}

std::string Parameters::located(const std::string& where) const {
  if (where.empty() || owner_.empty()) return where + owner_;
  return fmt::format("{}: {}", where, owner_);
}

}  // namespace apical
