#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>

#include "apical/error.h"
#include "apical/recipe.h"
#include "io/recipe_extends.h"
#include "io/recipe_schema.h"

namespace apical {
namespace {

// What the node holds, or nothing if a recipe has no use for it (dates, tables, mixed lists).
std::optional<Value> value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* whole = node.as_integer()) return whole->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* text = node.as_string()) return text->get();
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::int64_t> wholes;
  std::vector<double> reals;
  for (const auto& item : *array) {
    if (!item.is_number()) return std::nullopt;
    if (const auto whole = item.value_exact<std::int64_t>()) wholes.push_back(*whole);
    reals.push_back(*item.value<double>());
  }
  if (!array->empty() && wholes.size() == array->size()) return wholes;
  return reals;
}

// The keys of a table in the order of the file.
std::vector<std::pair<std::string, const toml::node*>> in_file_order(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(std::string(key.str()), &node);
  const auto position = [](const toml::node* node) {
    return std::pair(node->source().begin.line, node->source().begin.column);
  };
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const auto& a, const auto& b) { return position(a.second) < position(b.second); });
  return entries;
}

// " It belongs to [problem]." if another section has this key.
std::string elsewhere(const std::string& key) {
  for (const auto& section : fixed_sections()) {
    if (section.find(key) != nullptr) return fmt::format("'{}' belongs to [{}].", key, section.name);
  }
  return "";
}

Error unknown_key(const std::string& where, const std::string& key, const Section& section) {
  std::vector<std::string> names;
  for (const auto& parameter : section.parameters) names.push_back(parameter.name);
  const std::string other = elsewhere(key);
  return Error(where, fmt::format("unknown key '{}' in [{}].", key, section.name),
               other.empty() ? unknown_choice("", "key", key, names).hint() : other);
}

Error unknown_section(const std::string& where, const std::string& name) {
  return Error(where, fmt::format("unknown section [{}].", name),
               unknown_choice("", "section", name, section_names()).hint());
}

const Section* fixed_section(const std::string& name) {
  for (const auto& section : fixed_sections()) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

const FreeSection* free_section(const std::string& name) {
  for (const auto& section : free_sections()) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

// "feedback" of "optimizer.feedback", or nothing.
std::optional<std::string> optimizer_group(const std::string& section) {
  constexpr std::string_view kPrefix = "optimizer.";
  if (!section.starts_with(kPrefix) || section.size() == kPrefix.size()) return std::nullopt;
  return section.substr(kPrefix.size());
}

}  // namespace

// Puts values into a recipe, from a file or from one assignment.
class RecipeReader {
 public:
  explicit RecipeReader(Recipe& recipe) : recipe_(recipe) {}

  // `file` is what messages call the text.
  void read(const std::string& file, const toml::table& root) {
    recipe_.file_ = file;
    for (const auto& [name, node] : in_file_order(root)) {
      if (name == "extends") continue;
      const auto* table = node->as_table();
      if (table != nullptr) {
        read_section(name, *table, place(*node));
      } else if (fixed_section(name) != nullptr || free_section(name) != nullptr) {
        throw Error(place(*node), fmt::format("'{}' must be a section.", name),
                    fmt::format("Write [{}] on a line of its own.", name));
      } else {
        const std::string other = elsewhere(name);
        throw Error(place(*node), fmt::format("the key '{}' stands outside of every section.", name),
                    other.empty() ? unknown_choice("", "section", name, section_names()).hint() : other);
      }
    }
  }

  // `read_value` turns the text or node into a value: checked if the parameter is known, as it stands if it
  // is null.
  template <class ReadValue>
  void put(const std::string& section, std::string key, const std::string& where, ReadValue read_value) {
    if (section == "training" && key == "seed") key = "seeds";
    if (const Section* fixed = fixed_section(section)) {
      put_described(*fixed, key, where, read_value);
    } else if (const FreeSection* free = free_section(section)) {
      put_free(*free, key, where, read_value);
    } else if (const auto group = optimizer_group(section)) {
      require_group_name(*group, where);
      put_described(optimizer_section(*group), key, where, read_value);
    } else {
      throw unknown_section(where, section);
    }
    recipe_.remember(section + "." + key, where);
  }

 private:
  std::string place(const toml::node& node) const {
    return fmt::format("{}:{}", recipe_.file_, node.source().begin.line);
  }

  static void require_group_name(const std::string& group, const std::string& where) {
    if (group == "forward") {
      throw Error(where, "[optimizer.forward] is not a section.",
                  "The forward weights' settings stand in [optimizer].");
    }
    if (group.find('.') != std::string::npos) throw unknown_section(where, "optimizer." + group);
  }

  void read_section(const std::string& name, const toml::table& table, const std::string& where) {
    const auto group = optimizer_group(name);
    if (fixed_section(name) == nullptr && free_section(name) == nullptr && !group)
      throw unknown_section(where, name);
    // An empty section still says that the group exists.
    if (group) {
      require_group_name(*group, where);
      recipe_.optimizers.try_emplace(*group);
      recipe_.remember(name, where);
    }
    for (const auto& [key, node] : in_file_order(table)) {
      const auto* inner = node->as_table();
      const bool may_nest = name == "optimizer" || name == "recipe" || name == "problem";
      if (inner != nullptr && may_nest) {
        read_section(name + "." + key, *inner, place(*node));
      } else {
        put_node(name, key, *node);
      }
    }
  }

  void put_node(const std::string& section, const std::string& key, const toml::node& node) {
    const std::string where = place(node);
    put(section, key, where, [&](const Parameter* parameter) {
      const auto value = value_of(node);
      if (!value) {
        const std::string required = parameter == nullptr ? "a number, text, true, false or a list of numbers"
                                                          : parameter->requirement();
        std::ostringstream came;
        came << node.type();
        throw Error(where, fmt::format("'{}' must be {}, got {}.", key, required, came.str()));
      }
      return parameter == nullptr ? *value : parameter->checked(*value, where);
    });
  }

  template <class ReadValue>
  void put_described(const Section& section, const std::string& key, const std::string& where,
                     ReadValue read_value) {
    const Parameter* parameter = section.find(key);
    if (parameter == nullptr) throw unknown_key(where, key, section);
    section.set(recipe_, key, read_value(parameter));
  }

  template <class ReadValue>
  void put_free(const FreeSection& section, const std::string& key, const std::string& where,
                ReadValue read_value) {
    if (section.name == "rule" && key == kRuleId.name) {
      recipe_.rule = std::get<std::string>(read_value(&kRuleId));
    } else {
      (recipe_.*section.settings).set(key, read_value(nullptr), where);
    }
  }

  Recipe& recipe_;
};

namespace {

// The text of an assignment for a key that nobody here describes: as TOML if it is TOML, else as it stands.
Value value_of_text(std::string_view text) {
  try {
    const toml::table table = toml::parse(fmt::format("value = {}", text));
    const auto value = table.size() == 1 ? value_of(*table.get("value")) : std::nullopt;
    if (value) return *value;
  } catch (const toml::parse_error&) {
    return std::string(text);
  }
  return std::string(text);
}

// "section.key=value", not yet checked against the rest of the recipe.
void assign(Recipe& recipe, std::string_view assignment, const std::string& where) {
  const auto equals = assignment.find('=');
  const auto dot = assignment.substr(0, equals).rfind('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos) {
    const std::string key(assignment.substr(0, equals));
    throw Error(where, fmt::format("required section.key=value, got '{}'.", assignment),
                elsewhere(key).empty() ? "For example training.epochs=3." : elsewhere(key));
  }
  const std::string section(assignment.substr(0, dot));
  const std::string key(assignment.substr(dot + 1, equals - dot - 1));
  const std::string_view text = assignment.substr(equals + 1);
  RecipeReader(recipe).put(section, key, where, [&](const Parameter* parameter) {
    return parameter == nullptr ? value_of_text(text) : parameter->parsed(text, where);
  });
}

}  // namespace

void Recipe::set(std::string_view assignment, const std::string& where) {
  set(std::array{std::string(assignment)}, where);
}

void Recipe::set(std::span<const std::string> assignments, const std::string& where) {
  Recipe changed = *this;
  for (const std::string& assignment : assignments) assign(changed, assignment, where);
  changed.check();
  *this = std::move(changed);
}

Recipe parse_recipe(std::string_view text, const std::string& name) {
  const toml::table table = recipe_table(text, name);
  if (table.contains("extends"))
    throw Error(name, "'extends' holds in recipe files alone.", "Write out what it would bring in.");
  Recipe recipe;
  RecipeReader reader(recipe);
  reader.read(name, table);
  recipe.check();
  return recipe;
}

Recipe load_recipe(const std::filesystem::path& path) {
  Recipe recipe;
  RecipeReader reader(recipe);
  for (const RecipeText& text : with_bases(path)) reader.read(text.name, text.table);
  recipe.check();
  return recipe;
}

}  // namespace apical
