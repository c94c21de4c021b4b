#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/markup.h"
#include "report/width.h"

namespace apical::report {
namespace {

constexpr std::size_t kMostEndLabels = 8;
constexpr std::size_t kMostThinLines = 8;
constexpr double kLineHeight = 17;

struct Frame {
  double width, height, left, right, top, bottom;
  double inner_width() const { return width - left - right; }
  double inner_height() const { return height - top - bottom; }
};

bool labelled_at_ends(const Chart& chart) {
  return chart.panels.size() == 1 && chart.panels[0].series.size() <= kMostEndLabels;
}

Frame frame_of(const Chart& chart) {
  if (chart.panels.size() > 1) return {360, 260, 52, 14, 46, 38};
  const bool titled = chart.panels.size() == 1 && !chart.panels[0].title.empty();
  const double title = titled ? 18 : 0;  // a line of its own
  return {560, 340 + title, 54, labelled_at_ends(chart) ? 112.0 : 18.0, 34 + title, 44};
}

std::string with_unit(const std::string& words, const std::string& unit) {
  return unit.empty() ? words : words + " [" + unit + "]";
}

// The figure's ranges over all panels, so that panels compare.
struct Ranges {
  double x_low = HUGE_VAL, x_high = -HUGE_VAL, y_low = HUGE_VAL, y_high = -HUGE_VAL;
};

Ranges ranges_of(const Chart& chart) {
  Ranges r;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) {
      for (const Curve& curve : series.seeds) {
        for (std::size_t i = 0; i < curve.x.size(); ++i) {
          if (!std::isfinite(curve.y[i]) || (chart.logarithmic && curve.y[i] <= 0)) continue;
          r.x_low = std::min(r.x_low, curve.x[i]);
          r.x_high = std::max(r.x_high, curve.x[i]);
          r.y_low = std::min(r.y_low, curve.y[i]);
          r.y_high = std::max(r.y_high, curve.y[i]);
        }
      }
    }
  }
  if (!(r.x_low <= r.x_high)) r = {0, 1, chart.logarithmic ? 0.1 : 0, 1};
  if (r.x_low == r.x_high && !chart.logarithmic_x) r.x_low = std::min(0.0, r.x_high);
  if (chart.from_zero && !chart.logarithmic) r.y_low = std::min(r.y_low, 0.0);
  if (chart.ceiling) r.y_high = std::max(r.y_high, *chart.ceiling);
  if (r.y_low == r.y_high && !chart.from_zero) r.y_low = 0;
  return r;
}

// Where a value lands on the page.
class Map {
 public:
  Map(const Chart& chart, const Frame& frame)
      : frame_(frame),
        r_(ranges_of(chart)),
        x_(r_.x_low, r_.x_high, x_steps(), chart.logarithmic_x, false),
        y_(r_.y_low, r_.y_high, frame.height > 300 ? 6 : 4, chart.logarithmic, true, chart.step.value_or(0)) {
  }

  double x(double value) const { return frame_.left + x_.share(value) * frame_.inner_width(); }
  double y(double value) const { return frame_.top + (1 - y_.share(value)) * frame_.inner_height(); }
  const Axis& x_axis() const { return x_; }
  const Axis& y_axis() const { return y_; }

 private:
  // Whole epochs where there are two or more.
  int x_steps() const {
    const int most = frame_.width > 500 ? 8 : 4;
    const double span = r_.x_high - r_.x_low;
    return r_.x_high >= 2 ? std::clamp(static_cast<int>(span), 1, most) : most;
  }

  Frame frame_;
  Ranges r_;
  Axis x_, y_;
};

// Moves and lines through the finite points; a gap where one is not.
std::string path_of(const Curve& curve, const Map& map, bool logarithmic) {
  std::string d;
  bool pen = false;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    const bool drawn = std::isfinite(curve.y[i]) && (!logarithmic || curve.y[i] > 0);
    if (drawn) d += fmt::format("{}{:.1f} {:.1f}", pen ? "L" : "M", map.x(curve.x[i]), map.y(curve.y[i]));
    pen = drawn;
  }
  return d;
}

// A cross where a curve was followed by numbers that are not finite.
std::string breaks_of(const Curve& curve, const Map& map, const Series& series, bool logarithmic) {
  std::string out;
  for (std::size_t i = 0; i + 1 < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i]) || std::isfinite(curve.y[i + 1]) || (logarithmic && curve.y[i] <= 0))
      continue;
    out += fmt::format(
        "<path d=\"M{:.1f} {:.1f}m-5-5l10 10m0-10l-10 10\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" "
        "class=\"line\"/>",
        map.x(curve.x[i]), map.y(curve.y[i]), colour(series.style));
  }
  return out;
}

std::string drawn(const Series& series, const Map& map, bool logarithmic) {
  std::string points, marks;
  const std::size_t every = std::max<std::size_t>(1, series.mean.x.size() / 12);
  for (std::size_t i = 0; i < series.mean.x.size(); ++i) {
    const double x = series.mean.x[i], y = series.mean.y[i];
    if (logarithmic && y <= 0) continue;
    points +=
        fmt::format("{}{:.1f},{:.1f},{:.4g},{:.4g}", points.empty() ? "" : " ", map.x(x), map.y(y), x, y);
    // Markers of different series sit at different points of dense lines.
    if ((i + series.style) % every == 0) marks += marker(series.style, map.x(x), map.y(y));
  }
  std::string out =
      fmt::format("<g class=\"series s{}\" data-style=\"{}\" data-label=\"{}\" data-points=\"{}\">",
                  series.style % kColours, series.style, escaped(series.label), points);
  if (series.seeds.size() > 1 && series.seeds.size() <= kMostThinLines) {
    for (const Curve& seed : series.seeds) {
      out += fmt::format("<path d=\"{}\" opacity=\"0.35\" {}/>", path_of(seed, map, logarithmic),
                         stroke(series.style, 1.1, false));
    }
  }
  for (const Curve& seed : series.seeds) out += breaks_of(seed, map, series, logarithmic);
  out +=
      fmt::format("<path d=\"{}\" {}/>", path_of(series.mean, map, logarithmic), stroke(series.style, 2.4));
  return out + marks + "</g>";
}

std::string axes(const Chart& chart, const Panel& panel, const Frame& f, const Map& map) {
  const double bottom = f.height - f.bottom, right = f.width - f.right;
  const double small = f.width > 500 ? 14 : 12.5;
  std::string out;
  for (const Tick& tick : map.y_axis().ticks()) {
    const double y = map.y(tick.value);
    out += fmt::format("<path d=\"M{} {:.1f}H{}\" class=\"grid\" stroke=\"#DDE1E6\" fill=\"none\"/>", f.left,
                       y, right);
    out += text(f.left - 8, y + small * 0.35, tick.text, "end", "tick", small, "#4A525C");
  }
  for (const Tick& tick : map.x_axis().ticks()) {
    const double x = map.x(tick.value);
    out += fmt::format("<path d=\"M{:.1f} {:.1f}v5\" class=\"axis\" stroke=\"#6B7480\" fill=\"none\"/>", x,
                       bottom);
    out += text(x, bottom + small + 8, tick.text, "middle", "tick", small, "#4A525C");
  }
  out += fmt::format("<path d=\"M{} {:.1f}H{}\" class=\"axis\" stroke=\"#6B7480\" fill=\"none\"/>", f.left,
                     bottom, right);
  if (!panel.title.empty()) out += text(f.left, 16, panel.title, "start", "title", 15, "#1B1F24");
  out += text(f.left, f.top - 12, with_unit(chart.y_label, chart.unit), "start", "tick", small, "#4A525C");
  out += text(right, f.height - 5, chart.x_label, "end", "tick", small, "#4A525C");
  if (chart.reference && map.y_axis().share(*chart.reference) >= 0 &&
      map.y_axis().share(*chart.reference) <= 1.0001) {
    const double y = map.y(*chart.reference);
    out += fmt::format(
        "<path d=\"M{} {:.1f}H{}\" class=\"axis\" stroke=\"#6B7480\" stroke-dasharray=\"1 4\" "
        "stroke-width=\"1.6\" fill=\"none\"/>",
        f.left, y, right);
    out += text(right, y - 6 < f.top ? y + small + 2 : y - 6, chart.reference_label, "end", "tick", small,
                "#4A525C");
  }
  return out;
}

// Names beside the ends of the lines, moved apart where they would touch.
std::string end_labels(const Panel& panel, const Frame& f, const Map& map) {
  struct Label {
    double y;
    const Series* series;
  };
  std::vector<Label> labels;
  for (const Series& series : panel.series) {
    if (!series.mean.y.empty()) labels.push_back({map.y(series.mean.y.back()), &series});
  }
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  for (std::size_t i = 1; i < labels.size(); ++i)
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLineHeight);
  double limit = f.height - f.bottom;
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    label->y = std::min(label->y, limit);
    limit = label->y - kLineHeight;
  }
  std::string out;
  for (const Label& label : labels) {
    out += fmt::format("<g class=\"series s{}\" data-style=\"{}\">", label.series->style % kColours,
                       label.series->style);
    out += text(f.width - f.right + 10, label.y + 5, clipped(label.series->label, 14), "start", "name", 14.5,
                colour(label.series->style));
    out += "</g>";
  }
  return out;
}

// What the picture says, in words.
std::string description(const Chart& chart, const Panel& panel) {
  std::string words = chart.expect;
  for (const Series& series : panel.series) {
    if (series.mean.y.empty()) continue;
    words += fmt::format(" {}: from {} to {}{}.", series.label, brief(series.mean.y.front()),
                         brief(series.mean.y.back()), chart.unit.empty() ? "" : " " + chart.unit);
  }
  return words;
}

struct Legend {
  std::string svg;
  double bottom;
};

// Swatches and names from left to right, in as many lines as they need.
Legend legend(const std::vector<Group>& groups, double width, double top) {
  std::string out;
  double x = 8, y = top;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const double room = 40 + 8 + 8.5 * width_of(groups[g].label) + 22;
    if (x + room > width && x > 8) {
      x = 8;
      y += 22;
    }
    out += fmt::format("<g transform=\"translate({:.0f} {:.0f})\">{}</g>", x, y, swatch_svg(g));
    out += text(x + 48, y + 12, groups[g].label, "start", "name", 14.5, "#1B1F24");
    x += room;
  }
  return {out, y + 22};
}

}  // namespace

std::string swatch_svg(std::size_t style) {
  return fmt::format(
      "<svg class=\"swatch s{}\" width=\"40\" height=\"14\" viewBox=\"0 0 40 14\" aria-hidden=\"true\"><path "
      "d=\"M1 7H39\" {}/>{}</svg>",
      style % kColours, stroke(style, 2.4), marker(style, 20, 7));
}

std::string panel_svg(const Chart& chart, const Panel& panel) {
  const Frame frame = frame_of(chart);
  const Map map(chart, frame);
  const std::string title = panel.title.empty() ? chart.title : chart.title + ", " + panel.title;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"panel\" role=\"img\" viewBox=\"0 0 {} {}\" "
      "width=\"{}\" height=\"{}\" "
      "font-family=\"Helvetica, Arial, sans-serif\" data-unit=\"{}\"><title>{}</title><desc>{}</desc>",
      frame.width, frame.height, frame.width, frame.height, escaped(chart.unit), escaped(title),
      escaped(description(chart, panel)));
  out += axes(chart, panel, frame, map);
  // The first group is drawn last, on top: it is the one that a comparison names first.
  for (auto series = panel.series.rbegin(); series != panel.series.rend(); ++series)
    out += drawn(*series, map, chart.logarithmic);
  if (labelled_at_ends(chart)) out += end_labels(panel, frame, map);
  return out + "</svg>";
}

std::string chart_svg(const Chart& chart, const std::vector<Group>& groups) {
  if (labelled_at_ends(chart)) return panel_svg(chart, chart.panels[0]) + "\n";
  const Frame frame = frame_of(chart);
  const double columns = std::min<double>(3, static_cast<double>(chart.panels.size()));
  const double rows = std::ceil(static_cast<double>(chart.panels.size()) / columns);
  const double width = columns * frame.width, top = rows * frame.height + 8;
  std::string body;
  for (std::size_t p = 0; p < chart.panels.size(); ++p) {
    const double column = std::fmod(static_cast<double>(p), columns),
                 row = std::floor(static_cast<double>(p) / columns);
    body += fmt::format("<g transform=\"translate({} {})\">{}</g>", column * frame.width, row * frame.height,
                        panel_svg(chart, chart.panels[p]));
  }
  const Legend key = legend(groups, width, top);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"Helvetica, Arial, sans-serif\">{2}{3}</svg>\n",
      width, key.bottom, body, key.svg);
}

std::string stacked_svg(const std::vector<Chart>& charts) {
  std::string body;
  double top = 0, width = 0;
  for (const Chart& chart : charts) {
    const Frame frame = frame_of(chart);
    body += fmt::format("<g transform=\"translate(0 {})\">{}</g>", top, panel_svg(chart, chart.panels[0]));
    top += frame.height;
    width = std::max(width, frame.width);
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"Helvetica, Arial, sans-serif\">{2}</svg>\n",
      width, top, body);
}

}  // namespace apical::report
