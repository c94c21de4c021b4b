// Widths of UTF-8 text in terminal columns, and words laid into lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace apical::report {

// Columns that the text takes: wide East Asian characters and emoji two, combining marks none.
int width_of(std::string_view text);
// The longest beginning that takes at most `columns`, ended by '…' if something was cut.
std::string clipped(std::string_view text, int columns);
// Spaces added on the right, or on the left, up to `columns`.
std::string padded(std::string_view text, int columns, bool right_aligned = false);
// Lines of at most `columns`, broken at spaces and after hyphens; a longer word is cut. At least one line.
std::vector<std::string> wrapped(std::string_view text, int columns);
int longest_word(std::string_view text);
// Control characters become spaces, so that a name cannot steer the terminal.
std::string printable(std::string_view text);

}  // namespace apical::report
