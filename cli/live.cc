#include "live.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace apical::cli {
namespace {

constexpr double kTerminalInterval = 0.1, kLogInterval = 5;  // seconds

bool can_rewrite() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

std::optional<double> known(double value) { return std::isnan(value) ? std::nullopt : std::optional(value); }

Progress as_shown(const TrainingProgress& p, const std::string& place, bool unicode) {
  const char* dot = unicode ? " · " : ", ";
  return {.label = fmt::format("{}{}{}seed {}", place.empty() ? "" : place + " ", p.rule, dot, p.seed),
          .pass = p.pass,
          .epoch = static_cast<int>(p.epoch),
          .epochs = static_cast<int>(p.epochs),
          .samples = p.samples,
          .samples_total = p.samples_total,
          .samples_per_s = p.samples_per_s,
          .seconds_left = p.seconds_left,
          .loss = p.loss,
          .error = known(p.error),
          .settled = p.pass == "wake" ? known(p.settled) : std::nullopt,
          .nonfinite = p.not_finite};
}

}  // namespace

Live::Live()
    : terminal_(can_rewrite()),
      style_(terminal_style(STDERR_FILENO)),
      pace_(terminal_ ? kTerminalInterval : kLogInterval) {}

Live::~Live() { clear(); }

bool Live::due() {
  return pace_.due(
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

void Live::show(const TrainingProgress& progress, const std::string& place) {
  if (!due()) return;
  const Progress shown = as_shown(progress, place, style_.unicode);
  terminal_ ? rewrite(progress_line(shown, style_)) : fmt::print(stderr, "{}\n", progress_log(shown));
}

void Live::show(const std::string& words) {
  if (!due()) return;
  terminal_ ? rewrite(words) : fmt::print(stderr, "{}\n", words);
}

void Live::rewrite(const std::string& line) {
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
  shown_ = true;
}

void Live::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace apical::cli
