#include "report/bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "report/axis.h"
#include "report/ink.h"
#include "report/markup.h"
#include "report/statistics.h"
#include "report/width.h"

namespace apical::report {
namespace {

constexpr double kWidth = 640, kLeft = 110, kRight = 84, kTop = 40, kRow = 30, kBar = 20;

double total(const Bar& bar) { return std::accumulate(bar.segments.begin(), bar.segments.end(), 0.0); }

// The first seven segments have the colours of the figures, later ones the same, paler.
std::string box(double x, double y, double width, double height, std::size_t segment,
                const std::string& title) {
  return fmt::format(
      "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\" "
      "fill-opacity=\"{}\"><title>{}</title></rect>",
      x, y, width, height, colour(segment), segment < kColours ? 1.0 : 0.45, escaped(title));
}

bool is_there(const Bars& bars, std::size_t segment) {
  return std::any_of(bars.bars.begin(), bars.bars.end(),
                     [segment](const Bar& bar) { return bar.segments[segment] > 0; });
}

}  // namespace

std::string bars_svg(const Bars& b) {
  double most = 0;
  for (const Bar& bar : b.bars) most = std::max(most, total(bar));
  const Axis axis(0, most > 0 ? most : 1, 6);
  const double room = kWidth - kLeft - kRight, bottom = kTop + kRow * static_cast<double>(b.bars.size());
  const auto x_of = [&](double value) { return kLeft + axis.share(value) * room; };

  std::string out = text(8, 22, b.title, "start", "name", 16, "#1B1F24");
  for (const Tick& tick : axis.ticks()) {
    out += fmt::format("<path d=\"M{:.1f} {}V{}\" stroke=\"#DDE1E6\" fill=\"none\"/>", x_of(tick.value), kTop,
                       bottom);
    out += text(x_of(tick.value), bottom + 18, tick.text, "middle", "tick", 12.5, "#4A525C");
  }
  out += text(kWidth - 8, bottom + 18, b.unit, "end", "tick", 12.5, "#4A525C");
  double y = kTop;
  for (const Bar& bar : b.bars) {
    out += text(kLeft - 8, y + 15, bar.label, "end", "name", 14, "#1B1F24");
    double sum = 0;
    for (std::size_t s = 0; s < bar.segments.size(); ++s) {
      if (!(bar.segments[s] > 0)) continue;
      const std::string title =
          fmt::format("{}, {}: {} {}", bar.label, b.segments[s], brief(bar.segments[s]), b.unit);
      out += box(x_of(sum), y, x_of(sum + bar.segments[s]) - x_of(sum), kBar, s, title);
      sum += bar.segments[s];
    }
    out += text(x_of(sum) + 6, y + 15, brief(sum), "start", "tick", 12.5, "#4A525C");
    y += kRow;
  }
  double x = 8;
  y = bottom + 32;
  for (std::size_t s = 0; s < b.segments.size(); ++s) {
    if (!is_there(b, s)) continue;
    const double wide = 20 + 8.2 * width_of(b.segments[s]) + 18;
    if (x + wide > kWidth && x > 8) {
      x = 8;
      y += 22;
    }
    out += box(x, y, 14, 14, s, b.segments[s]) +
           text(x + 20, y + 12, b.segments[s], "start", "name", 13.5, "#1B1F24");
    x += wide;
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" "
      "height=\"{1:.0f}\" "
      "font-family=\"Helvetica, Arial, sans-serif\"><title>{2}</title>{3}</svg>\n",
      kWidth, y + 28, escaped(b.title), out);
}

}  // namespace apical::report
