// A reference file: typed access to its fields, with messages that say where a file does not hold what it
// should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace apical::parity {

using Json = nlohmann::ordered_json;  // reports follow the order of the file

class Reference;

// A value in a file, and the path that leads to it.
class Field {
 public:
  Field(const Reference& reference, const Json& json, std::string path);

  const std::string& path() const { return path_; }

  // A member of an object; throws Error if this is none, or has no such member.
  Field at(std::string_view key) const;
  std::optional<Field> find(std::string_view key) const;
  bool is_null() const { return json_.is_null(); }
  bool is_list() const { return json_.is_array(); }
  bool is_text() const { return json_.is_string(); }
  std::vector<std::string> keys() const;

  double number() const;
  std::int64_t whole(std::int64_t least) const;
  bool flag() const;
  std::string text() const;

  // Elements of a list; a count throws Error where the list has another number of them.
  std::size_t size() const;
  Field item(std::size_t index) const;
  std::vector<Field> items(std::size_t count) const;
  // Numbers of nested lists of exactly this shape, row-major.
  std::vector<double> numbers(std::initializer_list<std::size_t> shape) const;
  std::vector<bool> flags(std::size_t count) const;
  std::vector<std::int64_t> wholes(std::size_t count) const;

  // Throws Error at this field.
  [[noreturn]] void reject(const std::string& expected, const std::string& found) const;

 private:
  void collect(const Json& json, const std::string& path, const std::size_t* shape, std::size_t dimensions,
               std::vector<double>& out) const;
  const Json& list(std::optional<std::size_t> count) const;

  const Reference& reference_;
  const Json& json_;
  std::string path_;
};

class Reference {
 public:
  // Throws Error if the file cannot be read or is not a JSON object.
  explicit Reference(const std::filesystem::path& file);
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;

  const std::filesystem::path& file() const { return file_; }
  Field root() const;

  // Members of objects that were never asked for, by path; members of such a member are not listed.
  std::vector<std::string> unread() const;

 private:
  friend class Field;
  std::filesystem::path file_;
  Json json_;
  mutable std::set<const Json*> read_;
};

}  // namespace apical::parity
