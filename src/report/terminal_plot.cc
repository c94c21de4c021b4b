#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apical/terminal.h"
#include "report/statistics.h"
#include "report/width.h"

namespace apical {
namespace {

constexpr int kColours[] = {34, 31, 32, 35, 36, 33};

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // A range of no extent gets one, so that a constant is drawn in the middle.
  void open() {
    if (high > low) return;
    const double half = low == 0 ? 1 : std::abs(low) / 2;
    low -= half;
    high += half;
  }
  double share(double value) const { return (value - low) / (high - low); }
};

// Dots of 2 × 4 per character; without Unicode one '*' per character that holds a dot. Each character
// remembers its curve.
class Canvas {
 public:
  Canvas(int columns, int rows) : columns_(columns), rows_(rows), dots_(cells()), owner_(cells(), -1) {}

  int width() const { return columns_ * 2; }
  int height() const { return rows_ * 4; }

  void dot(int x, int y, int curve) {
    static constexpr unsigned char kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const auto at = static_cast<std::size_t>(y / 4 * columns_ + x / 2);
    dots_[at] = static_cast<unsigned char>(dots_[at] | kBits[y % 4][x % 2]);
    owner_[at] = curve;
  }

  void line(int x0, int y0, int x1, int y1, int curve) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= steps; ++i) {
      const double part = static_cast<double>(i) / steps;
      dot(static_cast<int>(std::lround(x0 + part * (x1 - x0))),
          static_cast<int>(std::lround(y0 + part * (y1 - y0))), curve);
    }
  }

  std::string row(int y, const TextStyle& style) const {
    std::string out;
    for (int x = 0; x < columns_; ++x) {
      const auto at = static_cast<std::size_t>(y * columns_ + x);
      std::string glyph = " ";
      if (dots_[at] && !style.unicode) glyph = "*";
      if (dots_[at] && style.unicode) {
        // U+2800 + dots in UTF-8.
        glyph = {'\xE2', static_cast<char>(0xA0 | dots_[at] >> 6),
                 static_cast<char>(0x80 | (dots_[at] & 0x3F))};
      }
      if (dots_[at] && style.colour)
        glyph = fmt::format("\x1b[{}m{}\x1b[0m", kColours[owner_[at] % 6], glyph);
      out += glyph;
    }
    return out;
  }

 private:
  std::size_t cells() const { return static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_); }

  int columns_, rows_;
  std::vector<unsigned char> dots_;
  std::vector<int> owner_;
};

struct Label {
  int row, curve;
  double value;
};

// Labels beside the ends of their curves: pushed down where two want the same row, then up from the bottom.
std::vector<Label> label_rows(std::vector<Label> labels, int rows) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.value > b.value; });
  for (std::size_t i = 1; i < labels.size(); ++i)
    labels[i].row = std::max(labels[i].row, labels[i - 1].row + 1);
  int limit = rows - 1;
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    label->row = std::min(label->row, limit);
    limit = label->row - 1;
  }
  return labels;
}

// The points that can be drawn, in the coordinates in which they are.
std::vector<PlotCurve> drawable(std::span<const PlotCurve> curves, bool logarithmic) {
  std::vector<PlotCurve> out;
  for (const PlotCurve& curve : curves) {
    out.push_back({curve.label, {}, {}});
    for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
      const double y = logarithmic ? std::log10(curve.y[i]) : curve.y[i];
      if (!std::isfinite(curve.x[i]) || !std::isfinite(y)) continue;
      out.back().x.push_back(curve.x[i]);
      out.back().y.push_back(y);
    }
  }
  return out;
}

}  // namespace

std::string sparkline(std::span<const double> values, const TextStyle& style) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr const char* kLevels[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
  const std::size_t cells = std::min(values.size(), static_cast<std::size_t>(std::max(style.width, 1)));
  std::vector<double> means;
  Range range;
  for (std::size_t i = 0; i < cells; ++i) {
    const std::size_t from = i * values.size() / cells, to = (i + 1) * values.size() / cells;
    means.push_back(report::spread_of(values.subspan(from, to - from)).mean);
    if (std::isfinite(means.back())) range.include(means.back());
  }
  range.open();
  std::string out;
  for (double mean : means) {
    const int level = std::isfinite(mean) ? std::clamp(static_cast<int>(range.share(mean) * 8), 0, 7) : -1;
    if (level < 0)
      out += style.unicode ? "×" : "x";
    else
      out += style.unicode ? kBlocks[level] : kLevels[level];
  }
  return out;
}

std::string terminal_plot(const std::string& title, std::span<const PlotCurve> given, const TextStyle& style,
                          bool logarithmic, int height) {
  const std::vector<PlotCurve> curves = drawable(given, logarithmic);
  Range xs, ys;
  int names = 0;
  for (const auto& curve : curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      xs.include(curve.x[i]);
      ys.include(curve.y[i]);
    }
    names = std::max(names, report::width_of(curve.label));
  }
  if (!(ys.low <= ys.high)) return {};
  const auto text = [&](double y) { return report::brief(logarithmic ? std::pow(10.0, y) : y); };
  const std::string top = text(ys.high), bottom = text(ys.low), left = report::brief(xs.low),
                    right = report::brief(xs.high);
  xs.open();
  ys.open();

  height = std::max({height, 3, std::min(static_cast<int>(curves.size()), 40)});
  const int margin = std::max(report::width_of(top), report::width_of(bottom));
  names = std::min(names, style.width / 3);
  Canvas canvas(std::max(style.width - margin - names - 4, 8), height);
  std::vector<Label> labels;
  for (std::size_t c = 0; c < curves.size(); ++c) {
    bool drawn = false;
    int px = 0, py = 0;
    for (std::size_t i = 0; i < curves[c].x.size(); ++i) {
      const int x = static_cast<int>(std::lround(xs.share(curves[c].x[i]) * (canvas.width() - 1)));
      const int y = static_cast<int>(std::lround((1 - ys.share(curves[c].y[i])) * (canvas.height() - 1)));
      canvas.line(drawn ? px : x, drawn ? py : y, x, y, static_cast<int>(c));
      px = x;
      py = y;
      drawn = true;
    }
    if (drawn) labels.push_back({py / 4, static_cast<int>(c), curves[c].y.back()});
  }
  if (static_cast<int>(labels.size()) > height) labels.resize(static_cast<std::size_t>(height));
  labels = label_rows(std::move(labels), height);

  std::string out = style.colour ? "\x1b[1m" + title + "\x1b[0m\n" : title + "\n";
  for (int y = 0; y < height; ++y) {
    const std::string number = y == 0 ? top : y == height - 1 ? bottom : "";
    out += report::padded(number, margin, true) + (style.unicode ? " ┤" : " |") + canvas.row(y, style);
    for (const auto& label : labels) {
      if (label.row != y) continue;
      const std::string name =
          report::clipped(report::printable(curves[static_cast<std::size_t>(label.curve)].label), names);
      out += " " + (style.colour ? fmt::format("\x1b[{}m{}\x1b[0m", kColours[label.curve % 6], name) : name);
    }
    out += "\n";
  }
  const int gap = canvas.width() / 2 - report::width_of(left) - report::width_of(right);
  return out + std::string(static_cast<std::size_t>(margin + 2), ' ') + left +
         std::string(static_cast<std::size_t>(std::max(gap, 1)), ' ') + right + "\n";
}

}  // namespace apical
