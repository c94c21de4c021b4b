#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/ink.h"
#include "report/markup.h"
#include "report/width.h"

namespace apical::report {
namespace {

constexpr double kLeft = 60, kRight = 16, kTop = 52, kBottom = 50, kSmall = 12.5;
constexpr const char* kGrey = "#4A525C";
constexpr std::size_t kMarkers = 8;  // on a line
constexpr double kTolerance = 0.2;   // units by which a thinned line may be off: nobody sees them

// Of everything that a panel shows along one axis.
std::pair<double, double> range_of(const PlotPanel& panel, bool horizontal) {
  std::vector<double> values;
  const auto take = [&](const std::vector<double>& more) {
    values.insert(values.end(), more.begin(), more.end());
  };
  for (const PlotPoints& points : panel.points) take(horizontal ? points.x : points.y);
  for (const PlotLine& line : panel.lines) {
    take(horizontal ? line.x : line.y);
    if (!horizontal) take(line.low), take(line.high);
  }
  for (const PlotRegion& region : panel.regions) {
    for (const auto& outline : region.outlines) {
      for (const auto& point : outline) values.push_back(point[horizontal ? 0 : 1]);
    }
  }
  for (const PlotLevel& level : panel.levels) {
    if (!horizontal) values.push_back(level.y);
  }
  if (horizontal ? panel.x_logarithmic : panel.y_logarithmic)
    std::erase_if(values, [](double value) { return value <= 0; });
  return extent(values);
}

// Widens the axis with the shorter unit until both units are as long.
void make_square(std::pair<double, double>& x, std::pair<double, double>& y, double width, double height) {
  const double unit = std::max((x.second - x.first) / width, (y.second - y.first) / height);
  const auto widen = [](std::pair<double, double>& range, double span) {
    const double middle = (range.first + range.second) / 2;
    range = {middle - span / 2, middle + span / 2};
  };
  widen(x, unit * width);
  widen(y, unit * height);
}

// Where values land in a panel.
class Map {
 public:
  Map(const PlotPanel& panel, double width, double height)
      : width_(width), height_(height), axes_(axes_of(panel)) {}

  double left() const { return kLeft; }
  double right() const { return width_ - kRight; }
  double bottom() const { return height_ - kBottom; }
  double x(double value) const { return kLeft + axes_.first.share(value) * (right() - kLeft); }
  double y(double value) const { return kTop + (1 - axes_.second.share(value)) * (bottom() - kTop); }
  const Axis& x_axis() const { return axes_.first; }
  const Axis& y_axis() const { return axes_.second; }

 private:
  std::pair<Axis, Axis> axes_of(const PlotPanel& panel) const {
    auto x = panel.x_range.value_or(range_of(panel, true)),
         y = panel.y_range.value_or(range_of(panel, false));
    const double inner_width = right() - kLeft, inner_height = bottom() - kTop;
    if (panel.square) make_square(x, y, inner_width, inner_height);
    return {Axis(x.first, x.second, static_cast<int>(inner_width / 60), panel.x_logarithmic, false),
            Axis(y.first, y.second, static_cast<int>(inner_height / 36), panel.y_logarithmic,
                 !panel.y_range && !panel.square)};
  }

  double width_, height_;
  std::pair<Axis, Axis> axes_;
};

using Point = std::array<double, 2>;

// Leaves out points of a stretch that lie within the tolerance of the line between those kept (Ramer 1972, Douglas and Peucker 1973).
void keep_between(const std::vector<Point>& points, std::size_t first, std::size_t last,
                  std::vector<Point>& kept) {
  const double dx = points[last][0] - points[first][0], dy = points[last][1] - points[first][1];
  const double length = std::hypot(dx, dy);
  std::size_t farthest = first;
  double most = kTolerance;
  for (std::size_t i = first + 1; i < last; ++i) {
    const double ax = points[i][0] - points[first][0], ay = points[i][1] - points[first][1];
    const double distance = length > 0 ? std::abs(ax * dy - ay * dx) / length : std::hypot(ax, ay);
    if (distance > most) most = distance, farthest = i;
  }
  if (farthest == first) return;
  keep_between(points, first, farthest, kept);
  kept.push_back(points[farthest]);
  keep_between(points, farthest, last, kept);
}

std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() < 3) return points;
  std::vector<Point> kept = {points.front()};
  keep_between(points, 0, points.size() - 1, kept);
  kept.push_back(points.back());
  return kept;
}

std::string joined(const std::vector<Point>& points, char begin = 'M') {
  std::string d;
  for (const Point& p : points) d += fmt::format("{}{:.1f} {:.1f}", d.empty() ? begin : 'L', p[0], p[1]);
  return d;
}

// The stretches of a series that are finite, and positive on a logarithmic axis, on the page.
std::vector<std::vector<Point>> stretches(const std::vector<double>& x, const std::vector<double>& y,
                                          const Map& map) {
  std::vector<std::vector<Point>> all(1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = map.y(y[i]);
    if (std::isfinite(at)) {
      all.back().push_back({map.x(x[i]), at});
    } else if (!all.back().empty()) {
      all.emplace_back();
    }
  }
  if (all.back().empty()) all.pop_back();
  return all;
}

std::string drawn(const PlotRegion& region, const Map& map) {
  std::string d;
  for (const auto& outline : region.outlines) {
    std::vector<Point> points;
    for (const auto& point : outline) points.push_back({map.x(point[0]), map.y(point[1])});
    d += joined(thinned(points)) + "Z";
  }
  return fmt::format(
      "<path d=\"{}\" fill=\"{}\" fill-rule=\"evenodd\" fill-opacity=\"{}\" stroke=\"{}\" "
      "stroke-opacity=\"0.5\"/>",
      d, colour(region.colour), region.opacity, colour(region.colour));
}

std::string drawn(const PlotLevel& level, const Map& map) {
  return fmt::format(
      "<path d=\"M{:.1f} {:.1f}H{:.1f}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\" "
      "stroke-dasharray=\"6 4\"/>",
      map.left(), map.y(level.y), map.right(), colour(level.colour));
}

std::string scaled_marker(const Look& look, double x, double y, double size) {
  return fmt::format("<g transform=\"translate({:.1f} {:.1f}) scale({:.2f})\">{}</g>", x, y, size,
                     marker(look.marker, look.colour, 0, 0));
}

std::string drawn(const PlotPoints& points, const Map& map) {
  std::string out = fmt::format("<g opacity=\"{}\">", points.opacity);
  for (std::size_t i = 0; i < points.x.size(); ++i) {
    if (!std::isfinite(points.x[i]) || !std::isfinite(points.y[i])) continue;
    const double x = map.x(points.x[i]), y = map.y(points.y[i]);
    // Clouds of dots are most of a file: short ones.
    out += points.look.marker == 0
               ? fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\"/>", x, y,
                             3.6 * points.size, colour(points.look.colour))
               : scaled_marker(points.look, x, y, points.size);
  }
  return out + "</g>";
}

std::string drawn(const PlotLine& line, const Map& map) {
  std::string out;
  if (!line.low.empty()) {
    const auto low = stretches(line.x, line.low, map), high = stretches(line.x, line.high, map);
    for (std::size_t i = 0; i < std::min(low.size(), high.size()); ++i) {
      std::vector<Point> back = thinned(low[i]);
      std::reverse(back.begin(), back.end());
      out += fmt::format("<path d=\"{}{}Z\" fill=\"{}\" fill-opacity=\"0.16\"/>", joined(thinned(high[i])),
                         joined(back, 'L'), colour(line.look.colour));
    }
  }
  std::string d;
  std::vector<Point> all;
  for (const auto& stretch : stretches(line.x, line.y, map)) {
    d += joined(thinned(stretch));
    all.insert(all.end(), stretch.begin(), stretch.end());
  }
  out += fmt::format("<path d=\"{}\" {}/>", d, stroke(line.look.colour, dash(line.look.dash), line.width));
  if (!line.markers) return out;
  const std::size_t every = std::max<std::size_t>(1, all.size() / kMarkers);
  // Those of different lines sit at different places.
  for (std::size_t i = (line.look.marker * 5 + line.look.dash * 3) * every / 17 % every; i < all.size();
       i += every)
    out += marker(line.look.marker, line.look.colour, all[i][0], all[i][1]);
  return out;
}

std::string axes(const PlotPanel& panel, const Map& map, double height) {
  std::string out;
  for (const Tick& tick : map.y_axis().ticks()) {
    const double y = map.y(tick.value);
    out += fmt::format("<path d=\"M{} {:.1f}H{}\" stroke=\"#DDE1E6\" fill=\"none\"/>", map.left(), y,
                       map.right());
    out += text(map.left() - 7, y + kSmall * 0.35, tick.text, "end", "tick", kSmall, kGrey);
  }
  for (const Tick& tick : map.x_axis().ticks()) {
    const double x = map.x(tick.value);
    out += fmt::format("<path d=\"M{:.1f} {:.1f}v5\" stroke=\"#6B7480\" fill=\"none\"/>", x, map.bottom());
    out += text(x, map.bottom() + kSmall + 7, tick.text, "middle", "tick", kSmall, kGrey);
  }
  out += fmt::format("<path d=\"M{} {:.1f}H{}\" stroke=\"#6B7480\" fill=\"none\"/>", map.left(), map.bottom(),
                     map.right());
  out += text(6, 16, panel.title, "start", "title", 14.5, "#1B1F24");
  out += text(6, 33, panel.y_label, "start", "tick", kSmall, kGrey);
  return out + text(map.right(), height - 12, panel.x_label, "end", "tick", kSmall, kGrey);
}

std::string drawn(const PlotPanel& panel, double width, double height, std::size_t number) {
  const Map map(panel, width, height);
  std::string out = axes(panel, map, height);
  out += fmt::format(
      "<clipPath id=\"panel{0}\"><rect x=\"{1}\" y=\"{2}\" width=\"{3}\" height=\"{4}\"/></clipPath>"
      "<g clip-path=\"url(#panel{0})\">",
      number, map.left() - 1, kTop - 4, map.right() - map.left() + 2, map.bottom() - kTop + 5);
  for (const PlotRegion& region : panel.regions) out += drawn(region, map);
  for (const PlotLevel& level : panel.levels) out += drawn(level, map);
  for (const PlotPoints& points : panel.points) out += drawn(points, map);
  for (const PlotLine& line : panel.lines) out += drawn(line, map);
  return out + "</g>";
}

struct Key {
  std::string label, swatch;  // 40 × 14
};

// Every label once, in the order of the panels.
std::vector<Key> keys_of(const Plot& plot) {
  std::vector<Key> keys;
  const auto add = [&](const std::string& label, const std::string& swatch) {
    const bool there =
        std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.label == label; });
    if (!label.empty() && !there) keys.push_back({label, swatch});
  };
  for (const PlotPanel& panel : plot.panels) {
    for (const PlotLine& line : panel.lines) {
      std::string swatch =
          fmt::format("<path d=\"M1 7H39\" {}/>", stroke(line.look.colour, dash(line.look.dash), line.width));
      if (line.markers) swatch += marker(line.look.marker, line.look.colour, 20, 7);
      add(line.label, swatch);
    }
    for (const PlotPoints& points : panel.points)
      add(points.label, scaled_marker(points.look, 20, 7, std::clamp(points.size, 0.8, 1.6)));
    for (const PlotLevel& level : panel.levels)
      add(level.label, fmt::format("<path d=\"M1 7H39\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\" "
                                   "stroke-dasharray=\"6 4\"/>",
                                   colour(level.colour)));
    for (const PlotRegion& region : panel.regions)
      add(region.label,
          fmt::format("<rect x=\"4\" width=\"32\" height=\"14\" fill=\"{}\" fill-opacity=\"{}\"/>",
                      colour(region.colour), std::max(region.opacity, 0.35)));
  }
  return keys;
}

}  // namespace

std::pair<double, double> extent(const std::vector<double>& values, double margin) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!(low <= high)) return {0, 1};
  const double more = margin * (high - low);
  return {low - more, high + more};
}

std::string plot_svg(const Plot& plot) {
  const std::size_t columns = std::max<std::size_t>(1, std::min(plot.columns, plot.panels.size()));
  const std::size_t rows = (plot.panels.size() + columns - 1) / columns;
  const double width = static_cast<double>(columns) * plot.width;
  std::string body;
  for (std::size_t p = 0; p < plot.panels.size(); ++p) {
    body += fmt::format(
        "<g transform=\"translate({} {})\">{}</g>", static_cast<double>(p % columns) * plot.width,
        static_cast<double>(p / columns) * plot.height, drawn(plot.panels[p], plot.width, plot.height, p));
  }
  double x = 8, y = static_cast<double>(rows) * plot.height + 6;
  for (const Key& key : keys_of(plot)) {
    const double room = 40 + 8 + 7.6 * width_of(key.label) + 20;
    if (x + room > width && x > 8) x = 8, y += 22;
    body += fmt::format("<g transform=\"translate({:.0f} {:.0f})\">{}</g>", x, y, key.swatch);
    body += text(x + 48, y + 12, key.label, "start", "name", 13.5, "#1B1F24");
    x += room;
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" "
      "font-family=\"Helvetica, Arial, sans-serif\"><title>{2}</title><desc>{3}</desc>{4}</svg>\n",
      width, y + 26, escaped(plot.title), escaped(plot.description), body);
}

}  // namespace apical::report
