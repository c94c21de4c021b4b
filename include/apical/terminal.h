// What a terminal shows while and after a run: progress lines, sparklines and small plots. Strings from
// numbers; nothing here prints.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace apical {

// How text may be laid out.
struct TextStyle {
  int width = 100;      // columns, ≥ 20
  bool colour = false;  // ANSI colours
  bool unicode = true;  // box drawing, blocks and braille; otherwise ASCII
};

// The style that suits a file descriptor: colour only on a terminal that is not "dumb" and without NO_COLOR
// in the environment; its width, or $COLUMNS, or 100; Unicode if the locale's character set is UTF-8.
TextStyle terminal_style(int file_descriptor);

// Where a training stands. Samples and epochs count one pass over the data; all numbers are the run's own.
struct Progress {
  std::string label;                        // "dfc · seed 1"
  std::string pass = "wake";                // shown if it is not "wake"
  int epoch = 1, epochs = 1;                // 1-based
  std::int64_t samples = 0;                 // done in this run, over all epochs
  std::int64_t samples_total = 0;           // of the whole run; 0: not known
  double samples_per_s = 0;                 // recent speed
  std::optional<double> seconds_left = {};  // if known better than from samples and speed
  std::optional<double> loss;               // running mean; NaN is shown as such
  std::optional<double> error;              // fraction in [0, 1]; shown as accuracy
  std::optional<double> settled;            // share of samples that settled, [0, 1]
  std::int64_t nonfinite = 0;               // non-finite numbers so far; shown if any
};

// One line that fits style.width, with a bar: to be rewritten in place ("\r", erase, line) without a line
// feed.
std::string progress_line(const Progress& progress, const TextStyle& style);
// The same as one plain line for logs: "dfc · seed 1  epoch 1/2  37 %  loss 0.312 …".
std::string progress_log(const Progress& progress);
// "12 s", "3 min 05 s", "2 h 07 min", "unknown" for what is not finite or negative.
std::string duration(double seconds);

// Says when the next line is due, so that a log is not flooded: at most one in `interval` seconds.
class Pace {
 public:
  explicit Pace(double interval) : interval_(interval) {}
  // True at most once in `interval` seconds of the caller's clock; the first call is due.
  bool due(double now);

 private:
  double interval_;
  std::optional<double> last_;
};

// One character per value, from the smallest (▁) to the largest (█); a value that is not finite is '×'. More
// values than style.width: each character is the mean of its share.
std::string sparkline(std::span<const double> values, const TextStyle& style = {});

// A curve of a terminal plot: y over x, same length; points that are not finite are left out.
struct PlotCurve {
  std::string label;
  std::vector<double> x, y;
};

// A plot of `height` rows, labels at the right ends of the curves, the range at the axes; on a logarithmic
// axis values of zero and below are left out. Empty string if no point is left.
std::string terminal_plot(const std::string& title, std::span<const PlotCurve> curves, const TextStyle& style,
                          bool logarithmic = false, int height = 10);

}  // namespace apical
