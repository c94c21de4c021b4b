// Which published numbers there are.
#include <algorithm>

#include "apical/error.h"
#include "apical/published_figure.h"
#include "apical/reproduction.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

// "dfc2021/table1/mnist/dfc" → the folder parts, front to back.
std::vector<std::string> parts_of(const std::string& id) {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(id)) parts.push_back(part.string());
  return parts;
}

std::string id_of(const fs::path& file, const fs::path& recipes) {
  return file.lexically_relative(recipes).replace_extension().generic_string();
}

fs::path quick_file(const PublishedCell& cell) {
  return cell.file.parent_path() / "quick" / cell.file.filename();
}

template <class Part>
std::vector<std::string> distinct(const std::vector<PublishedCell>& cells, Part part) {
  std::vector<std::string> names;
  for (const PublishedCell& cell : cells) {
    if (std::find(names.begin(), names.end(), part(cell)) == names.end()) names.push_back(part(cell));
  }
  return names;
}

template <class Part>
void keep(std::vector<PublishedCell>& cells, const std::string& wanted, const char* option, Part part) {
  if (wanted.empty()) return;
  const std::vector<std::string> names = distinct(cells, part);
  std::erase_if(cells, [&](const PublishedCell& cell) { return part(cell) != wanted; });
  if (cells.empty()) throw unknown_choice(option, option + 2, wanted, names);
}

}  // namespace

std::string PublishedCell::table() const { return fs::path(id).parent_path().parent_path().generic_string(); }
std::string PublishedCell::column() const { return fs::path(id).parent_path().filename().string(); }
std::string PublishedCell::row() const { return fs::path(id).filename().string(); }

std::vector<PublishedCell> published_cells(const fs::path& recipes) {
  if (!fs::is_directory(recipes)) throw Error(recipes.string(), "is no folder of recipes.");
  std::vector<PublishedCell> cells;
  for (const auto& entry : fs::recursive_directory_iterator(recipes)) {
    const fs::path& file = entry.path();
    const fs::path folder = file.parent_path().filename();
    if (file.extension() != ".toml" || folder == "quick" || folder == "base") continue;
    const std::string id = id_of(file, recipes);
    if (parts_of(id).size() < 3) continue;
    Recipe recipe = load_recipe(file);
    if (!recipe.published.metric.empty()) cells.push_back({id, file, std::move(recipe)});
  }
  std::sort(cells.begin(), cells.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return cells;
}

std::vector<PublishedCell> chosen_cells(const std::vector<PublishedCell>& cells, const CellChoice& choice) {
  std::vector<PublishedCell> chosen;
  for (const PublishedCell& cell : cells) {
    if (choice.what.empty() || cell.id == choice.what || cell.id.starts_with(choice.what + "/"))
      chosen.push_back(cell);
  }
  if (chosen.empty()) {
    std::vector<std::string> names = distinct(cells, [](const PublishedCell& cell) { return cell.table(); });
    for (const PublishedCell& cell : cells) names.push_back(cell.id);
    for (const PublishedFigure& figure : published_figures()) {
      const std::string group = fs::path(figure.id).parent_path().generic_string();
      if (parts_of(group).size() > 1 && std::find(names.begin(), names.end(), group) == names.end())
        names.push_back(group);
      names.push_back(figure.id);
    }
    throw unknown_choice("reproduce", "published result", choice.what, names);
  }
  keep(chosen, choice.column, "--column", [](const PublishedCell& cell) { return cell.column(); });
  keep(chosen, choice.row, "--row", [](const PublishedCell& cell) { return cell.row(); });
  return chosen;
}

std::vector<std::span<const PublishedCell>> by_column(std::span<const PublishedCell> cells) {
  std::vector<std::span<const PublishedCell>> columns;
  for (std::size_t from = 0, to = 0; from < cells.size(); from = to) {
    const fs::path column = fs::path(cells[from].id).parent_path();
    while (to < cells.size() && fs::path(cells[to].id).parent_path() == column) ++to;
    columns.push_back(cells.subspan(from, to - from));
  }
  return columns;
}

bool has_quick_recipe(const PublishedCell& cell) { return fs::is_regular_file(quick_file(cell)); }

Recipe quick_recipe(const PublishedCell& cell) {
  if (!has_quick_recipe(cell))
    throw Error(cell.id, "has no short form.", "`apical reproduce` lists which have one.");
  return load_recipe(quick_file(cell));
}

}  // namespace apical
