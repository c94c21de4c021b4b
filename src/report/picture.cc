#include "report/picture.h"

#include <fmt/format.h>

#include <string>

#include "apical/error.h"
#include "core/process.h"

namespace apical::report {
namespace {

namespace fs = std::filesystem;

constexpr double kTimeout = 120;  // seconds

}  // namespace

bool write_png(const fs::path& svg, const fs::path& png, double zoom) {
  const fs::path program = find_program("rsvg-convert");
  if (program.empty()) return false;
  const fs::path target = fs::absolute(png), folder = target.parent_path();
  const fs::path part = target.string() + ".part", log = target.string() + ".log";
  const ProcessEnd end =
      run_process(program,
                  {"rsvg-convert", "--format", "png", "--background-color", "white", "--zoom",
                   fmt::format("{}", zoom), "--output", part.string(), fs::absolute(svg).string()},
                  folder, log, kTimeout);
  const std::string words = last_words(log);
  std::error_code ignored;
  fs::remove(log, ignored);
  if (end.timed_out || end.code != 0) {
    fs::remove(part, ignored);
    throw Error(svg.string(),
                fmt::format("could not be drawn as PNG by rsvg-convert{}: {}",
                            end.timed_out ? " in time" : "", words.empty() ? "no reason given." : words));
  }
  fs::rename(part, target);
  return true;
}

}  // namespace apical::report
