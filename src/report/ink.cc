#include "report/ink.h"

#include <fmt/format.h>

#include <iterator>

#include "report/markup.h"

namespace apical::report {
namespace {

// Okabe and Ito's colours, told apart by every common form of colour blindness; their yellow is too pale for
// lines on white.
constexpr const char* kLight[kColours] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                          "#333333", "#E69F00", "#56B4E9"};
constexpr const char* kDashes[] = {"", "8 4", "2 4", "10 4 2 4", "16 4", "6 3 2 3 2 3"};

}  // namespace

const char* colour(std::size_t style) { return kLight[style % kColours]; }

const char* dash(std::size_t style) { return kDashes[style % std::size(kDashes)]; }

std::string marker(std::size_t style, double x, double y) { return marker(style, style, x, y); }

std::string marker(std::size_t style, std::size_t colour_of, double x, double y) {
  constexpr double r = 3.6;
  const std::string fill = fmt::format("fill=\"{}\" stroke=\"none\" class=\"mark\"", colour(colour_of));
  switch (style % 6) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" {}/>", x, y, r, fill);
    case 1:
      return fmt::format("<path d=\"M{:.1f} {:.1f}h7v7h-7z\" {}/>", x - 3.5, y - 3.5, fill);
    case 2:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l4.4 7.6h-8.8z\" {}/>", x, y - 4.8, fill);
    case 3:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l4.6 4.6-4.6 4.6-4.6-4.6z\" {}/>", x, y - 4.6, fill);
    case 4:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l4.4-7.6h-8.8z\" {}/>", x, y + 4.8, fill);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}h3v-3h3v3h3v3h-3v3h-3v-3h-3z\" {}/>", x - 4.5, y - 1.5,
                         fill);
  }
}

std::string stroke(std::size_t style, double width, bool dashed) {
  return stroke(style, dashed ? dash(style) : "", width);
}

std::string stroke(std::size_t style, const char* pattern, double width) {
  return fmt::format(
      "fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"{}\"{} "
      "class=\"line\"",
      colour(style), width, *pattern ? "butt" : "round",
      *pattern ? fmt::format(" stroke-dasharray=\"{}\"", pattern) : "");
}

std::string text(double x, double y, const std::string& words, const char* anchor, const char* cls,
                 double size, const char* fill) {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\" font-size=\"{}\" "
      "fill=\"{}\">{}</text>",
      x, y, anchor, cls, size, fill, escaped(words));
}

}  // namespace apical::report
