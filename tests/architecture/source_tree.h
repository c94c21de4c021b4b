// Reads the source tree as text: which file includes what, and which names stand in its code.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace apical::architecture {

namespace fs = std::filesystem;

inline std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Source files below a folder, with paths relative to `root`, sorted. A folder that is not there has none.
inline std::vector<std::string> sources_below(const fs::path& root, const std::string& folder) {
  static const std::vector<std::string> kSource = {".cc", ".h", ".inc", ".in"};
  std::vector<std::string> files;
  if (!fs::exists(root / folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const std::string extension = entry.path().extension().string();
    const bool source = std::find(kSource.begin(), kSource.end(), extension) != kSource.end();
    if (entry.is_regular_file() && source) files.push_back(fs::relative(entry.path(), root).generic_string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The text with comments blanked out; string literals stay, and so do line breaks.
inline std::string without_comments(const std::string& text) {
  std::string code = text;
  char quote = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (quote != 0) {
      if (code[i] == '\\') {
        ++i;
      } else if (code[i] == quote || code[i] == '\n') {
        quote = 0;
      }
      continue;
    }
    // an apostrophe between two digits separates thousands
    const bool separator = code[i] == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(code[i - 1]));
    if (code[i] == '"' || (code[i] == '\'' && !separator)) quote = code[i];
    const bool line = code.compare(i, 2, "//") == 0, block = code.compare(i, 2, "/*") == 0;
    if (!line && !block) continue;
    std::size_t end = code.find(line ? "\n" : "*/", i);
    end = end == std::string::npos ? code.size() : end + (line ? 0 : 2);
    for (; i < end; ++i)
      if (code[i] != '\n') code[i] = ' ';
    --i;
  }
  return code;
}

// Whether `word` stands in the code, not as a part of a longer name.
inline bool has_word(const std::string& code, const std::string& word) {
  const auto part_of_name = [&](std::size_t i) {
    return i < code.size() && (std::isalnum(static_cast<unsigned char>(code[i])) || code[i] == '_');
  };
  for (std::size_t at = code.find(word); at != std::string::npos; at = code.find(word, at + 1)) {
    if (!part_of_name(at - 1) && !part_of_name(at + word.size())) return true;
  }
  return false;
}

struct Include {
  int line;
  std::string target;  // without quotes or brackets
  bool system;         // <…>
};

inline std::vector<Include> includes_of(const std::string& text) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find('#') == std::string::npos) continue;
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) includes.push_back({number, match[2], match[1] == "<"});
  }
  return includes;
}

}  // namespace apical::architecture
