#include "parity/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "apical/error.h"

namespace apical::parity {
namespace {

// What a value is, for messages: "a list of 3", "the text 'mse'".
std::string description(const Json& json) {
  switch (json.type()) {
    case Json::value_t::object:
      return fmt::format("an object of {} fields", json.size());
    case Json::value_t::array:
      return fmt::format("a list of {}", json.size());
    case Json::value_t::string:
      return fmt::format("the text '{}'", json.get<std::string>());
    default:
      return json.dump();
  }
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad() || std::filesystem::is_directory(file)) {
    throw Error(file.string(), fmt::format("a reference file is required, but it cannot be read: {}.",
                                           std::strerror(errno)));
  }
  return text.str();
}

}  // namespace

Field::Field(const Reference& reference, const Json& json, std::string path)
    : reference_(reference), json_(json), path_(std::move(path)) {
  reference_.read_.insert(&json_);
}

void Field::reject(const std::string& expected, const std::string& found) const {
  throw Error(
      fmt::format("{}: field {}", reference_.file().string(), path_.empty() ? "(the whole file)" : path_),
      fmt::format("{} is required, found {}.", expected, found));
}

Field Field::at(std::string_view key) const {
  if (auto found = find(key)) return *found;
  throw Error(reference_.file().string(), fmt::format("the field {}{}{} is required, but it is missing.",
                                                      path_, path_.empty() ? "" : ".", key));
}

std::optional<Field> Field::find(std::string_view key) const {
  if (!json_.is_object()) reject("an object", description(json_));
  const auto found = json_.find(key);
  if (found == json_.end()) return std::nullopt;
  return Field(reference_, *found, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key));
}

std::vector<std::string> Field::keys() const {
  if (!json_.is_object()) reject("an object", description(json_));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json_.items()) keys.push_back(key);
  return keys;
}

double Field::number() const {
  if (!json_.is_number()) reject("a number", description(json_));
  return json_.get<double>();
}

std::int64_t Field::whole(std::int64_t least) const {
  const std::string expected = fmt::format("a whole number ≥ {}", least);
  if (!json_.is_number()) reject(expected, description(json_));
  const double value = json_.get<double>();
  if (value != std::floor(value) || std::abs(value) > 1e15 || value < static_cast<double>(least))
    reject(expected, description(json_));
  return static_cast<std::int64_t>(value);
}

bool Field::flag() const {
  if (!json_.is_boolean()) reject("true or false", description(json_));
  return json_.get<bool>();
}

std::string Field::text() const {
  if (!json_.is_string()) reject("a text", description(json_));
  return json_.get<std::string>();
}

const Json& Field::list(std::optional<std::size_t> count) const {
  const std::string expected = count ? fmt::format("a list of {}", *count) : "a list";
  if (!json_.is_array() || (count && json_.size() != *count)) reject(expected, description(json_));
  return json_;
}

std::size_t Field::size() const { return list(std::nullopt).size(); }

Field Field::item(std::size_t index) const {
  return {reference_, list(std::nullopt)[index], fmt::format("{}[{}]", path_, index)};
}

std::vector<Field> Field::items(std::size_t count) const {
  std::vector<Field> items;
  for (std::size_t i = 0; i < list(count).size(); ++i) items.push_back(item(i));
  return items;
}

void Field::collect(const Json& json, const std::string& path, const std::size_t* shape,
                    std::size_t dimensions, std::vector<double>& out) const {
  if (dimensions == 0) {
    if (!json.is_number()) Field(reference_, json, path).reject("a number", description(json));
    out.push_back(json.get<double>());
    return;
  }
  if (!json.is_array() || json.size() != *shape) {
    Field(reference_, json, path)
        .reject(fmt::format("a list of {}{}", *shape, dimensions == 1 ? " numbers" : " lists"),
                description(json));
  }
  for (std::size_t i = 0; i < json.size(); ++i)
    collect(json[i], fmt::format("{}[{}]", path, i), shape + 1, dimensions - 1, out);
}

std::vector<double> Field::numbers(std::initializer_list<std::size_t> shape) const {
  std::vector<double> out;
  collect(json_, path_, shape.begin(), shape.size(), out);
  return out;
}

std::vector<bool> Field::flags(std::size_t count) const {
  std::vector<bool> flags;
  for (const Field& field : items(count)) flags.push_back(field.flag());
  return flags;
}

std::vector<std::int64_t> Field::wholes(std::size_t count) const {
  std::vector<std::int64_t> wholes;
  for (const Field& field : items(count)) wholes.push_back(field.whole(0));
  return wholes;
}

Reference::Reference(const std::filesystem::path& file) : file_(file) {
  const std::string text = read_text(file);
  try {
    json_ = Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::size_t end = std::min<std::size_t>(error.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    const bool truncated = error.byte > text.size();
    throw Error(fmt::format("{}:{}", file.string(), line),
                fmt::format("valid JSON is required, but {} byte {}.",
                            truncated ? "the file ends at" : "reading stopped at", end),
                truncated ? "It is cut off: copy it again."
                          : "JSON knows no NaN and no infinity; a value that is not defined is null.");
  } catch (const Json::exception&) {
    throw Error(file.string(), "a number in it is too large for double precision.");
  }
  if (!json_.is_object())
    throw Error(file.string(), fmt::format("an object is required, found {}.", description(json_)));
}

Field Reference::root() const { return {*this, json_, ""}; }

std::vector<std::string> Reference::unread() const {
  std::vector<std::string> paths;
  const auto walk = [&](const auto& self, const Json& json, const std::string& path) -> void {
    for (const auto& [key, value] : json.items()) {
      const std::string below = path.empty() ? key : fmt::format("{}.{}", path, key);
      if (!read_.contains(&value)) {
        paths.push_back(below);
      } else if (value.is_object()) {
        self(self, value, below);
      }
    }
  };
  walk(walk, json_, "");
  return paths;
}

}  // namespace apical::parity
