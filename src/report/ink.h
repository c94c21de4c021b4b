// The pen of every figure: colours, dashes, markers and words as SVG, told apart by every eye and in black and white.
#pragma once

#include <cstddef>
#include <string>

namespace apical::report {

// As many colours as a reader can tell apart. With six dashes and six markers, 42 styles differ.
inline constexpr int kColours = 7;
const char* colour(std::size_t style);
const char* dash(std::size_t style);  // a stroke-dasharray; "" is solid

// A marker of about eight units at (x, y).
std::string marker(std::size_t style, double x, double y);
std::string marker(std::size_t style, std::size_t colour_of, double x, double y);
// The attributes of a line.
std::string stroke(std::size_t style, double width, bool dashed = true);
std::string stroke(std::size_t style, const char* pattern, double width);
// anchor: "start", "middle" or "end"; cls: the class by which a page recolours it.
std::string text(double x, double y, const std::string& words, const char* anchor, const char* cls,
                 double size, const char* fill);

}  // namespace apical::report
