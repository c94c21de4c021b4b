#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "apical/terminal.h"
#include "report/statistics.h"
#include "report/width.h"

namespace apical {
namespace {

// The first of the three variables that is set decides on the character set, as POSIX has it.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    std::string lower(value);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

double share_done(const Progress& p) {
  if (p.samples_total <= 0) return report::kNaN;
  return std::clamp(static_cast<double>(p.samples) / static_cast<double>(p.samples_total), 0.0, 1.0);
}

double seconds_left(const Progress& p) {
  if (p.seconds_left) return *p.seconds_left;
  if (p.samples_total <= 0 || !(p.samples_per_s > 0)) return report::kNaN;
  return static_cast<double>(std::max<std::int64_t>(p.samples_total - p.samples, 0)) / p.samples_per_s;
}

// The parts in the order in which they matter least last, so that a narrow terminal loses the least.
std::vector<std::string> parts_of(const Progress& p) {
  std::vector<std::string> parts;
  if (p.loss)
    parts.push_back(fmt::format("loss {}", std::isfinite(*p.loss) ? fmt::format("{:.3g}", *p.loss) : "NaN"));
  if (p.error) parts.push_back(fmt::format("accuracy {} %", report::decimal(100 * (1 - *p.error), 1)));
  if (p.nonfinite > 0)
    parts.push_back(fmt::format("non-finite {}", report::decimal(static_cast<double>(p.nonfinite), 0)));
  parts.push_back(fmt::format("{} left", duration(seconds_left(p))));
  if (p.samples_per_s > 0) parts.push_back(fmt::format("{} samples/s", report::decimal(p.samples_per_s, 0)));
  if (p.settled) parts.push_back(fmt::format("settled {} %", report::decimal(100 * *p.settled, 1)));
  return parts;
}

std::string stage(const Progress& p) {
  return p.pass == "wake" ? fmt::format("epoch {}/{}", p.epoch, p.epochs)
                          : fmt::format("{} {}/{}", p.pass, p.epoch, p.epochs);
}

// Eighths of a cell where there is Unicode.
std::string bar(double share, int cells, const TextStyle& style) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(share * cells * 8);
  std::string done;
  for (int i = 0; i < eighths / 8; ++i) done += style.unicode ? "█" : "#";
  int used = eighths / 8;
  if (style.unicode && eighths % 8 > 0) {
    done += kEighths[eighths % 8];
    ++used;
  }
  const std::string rest(static_cast<std::size_t>(cells - used), style.unicode ? ' ' : '.');
  if (!style.unicode) return "[" + done + rest + "]";
  return "▕" + (style.colour ? "\x1b[36m" + done + "\x1b[0m" : done) + rest + "▏";
}

}  // namespace

TextStyle terminal_style(int file_descriptor) {
  TextStyle style;
  const char* term = std::getenv("TERM");
  const bool terminal = isatty(file_descriptor) == 1;
  style.colour = terminal && !is_set("NO_COLOR") && term && std::string_view(term) != "dumb";
  style.unicode = locale_is_utf8();
  winsize size{};
  if (terminal && ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.width = size.ws_col;
  } else if (const char* columns = std::getenv("COLUMNS")) {
    style.width = std::atoi(columns) > 0 ? std::atoi(columns) : style.width;
  }
  style.width = std::max(style.width, 20);
  return style;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "unknown";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_line(const Progress& p, const TextStyle& style) {
  const std::string separator = style.unicode ? " · " : "  ";
  const double share = share_done(p);
  std::string head = report::printable(p.label);
  if (!head.empty()) head += "  ";
  head += stage(p);
  std::string tail = std::isfinite(share) ? fmt::format(" {:>3} %", static_cast<int>(share * 100)) : "";
  int used = report::width_of(head) + report::width_of(tail);
  for (const std::string& part : parts_of(p)) {
    const int more = report::width_of(separator) + report::width_of(part);
    if (used + more >= style.width) break;
    tail += separator + part;
    used += more;
  }
  // The bar takes what the numbers leave.
  constexpr int kLeastBar = 6, kMostBar = 24, kBarEnds = 3;
  const int room = std::min(style.width - 1 - used - kBarEnds, kMostBar);
  const std::string line =
      head + (std::isfinite(share) && room >= kLeastBar ? " " + bar(share, room, style) : "") + tail;
  return report::clipped(line, style.width - 1);
}

std::string progress_log(const Progress& p) {
  std::string line = report::printable(p.label);
  if (!line.empty()) line += "  ";
  line += stage(p);
  if (const double share = share_done(p); std::isfinite(share))
    line += fmt::format("  {} %", static_cast<int>(share * 100));
  for (const std::string& part : parts_of(p)) line += "  " + part;
  return line;
}

bool Pace::due(double now) {
  if (last_ && now - *last_ < interval_) return false;
  last_ = now;
  return true;
}

}  // namespace apical
