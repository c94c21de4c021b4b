#include "report/width.h"

#include <algorithm>
#include <cstdint>

namespace apical::report {
namespace {

// Decodes the character at `at` and moves past it; a stray byte stands for itself.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at++]);
  const int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
  std::uint32_t code = more == 0 ? byte : byte & (0x3Fu >> more);
  for (int i = 0; i < more && at < text.size() && (text[at] & 0xC0) == 0x80; ++i)
    code = code << 6 | (text[at++] & 0x3F);
  return code;
}

int columns_of(std::uint32_t code) {
  if ((code >= 0x300 && code <= 0x36F) || (code >= 0x200B && code <= 0x200F) || code == 0xFE0F) return 0;
  const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                    (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                    (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                    (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
  return wide ? 2 : 1;
}

// A word and whether a space stands before it: words also part after a hyphen.
struct Word {
  std::string_view text;
  bool spaced;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  bool spaced = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      spaced = true;
      ++at;
      continue;
    }
    std::size_t end = std::min(text.find_first_of(" -", at + 1), text.size());
    // A hyphen stays with the word before it; at the beginning of a word it is a sign.
    while (end < text.size() && text[end] == '-') ++end;
    words.push_back({text.substr(at, end - at), spaced});
    spaced = false;
    at = end;
  }
  return words;
}

// The number of bytes whose characters fit.
std::size_t fitting(std::string_view text, int columns) {
  std::size_t at = 0, fits = 0;
  for (int used = 0; at < text.size(); fits = at) {
    used += columns_of(next_character(text, at));
    if (used > columns) break;
  }
  return fits;
}

}  // namespace

int width_of(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) width += columns_of(next_character(text, at));
  return width;
}

std::string clipped(std::string_view text, int columns) {
  if (width_of(text) <= columns) return std::string(text);
  if (columns < 1) return {};
  return std::string(text.substr(0, fitting(text, columns - 1))) + "…";
}

std::string padded(std::string_view text, int columns, bool right_aligned) {
  const std::string space(static_cast<std::size_t>(std::max(0, columns - width_of(text))), ' ');
  return right_aligned ? space + std::string(text) : std::string(text) + space;
}

std::vector<std::string> wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines{""};
  columns = std::max(columns, 1);
  for (auto [word, spaced] : words_of(text)) {
    const int used = width_of(lines.back()), gap = spaced && used > 0 ? 1 : 0;
    if (used > 0 && used + gap + width_of(word) <= columns) {
      if (gap) lines.back() += ' ';
      lines.back() += word;
      continue;
    }
    if (used > 0) lines.emplace_back();
    while (width_of(word) > columns) {
      const std::size_t cut = std::max<std::size_t>(fitting(word, columns), 1);
      lines.back() = word.substr(0, cut);
      lines.emplace_back();
      word.remove_prefix(cut);
    }
    lines.back() = word;
  }
  return lines;
}

int longest_word(std::string_view text) {
  int longest = 0;
  for (const Word& word : words_of(text)) longest = std::max(longest, width_of(word.text));
  return longest;
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return clean;
}

}  // namespace apical::report
