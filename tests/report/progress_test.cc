#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <limits>

#include "apical/terminal.h"

namespace apical {
namespace {

using testing::HasSubstr;
using testing::Not;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Progress halfway() {
  return {.label = "dfc",
          .pass = "wake",
          .epoch = 2,
          .epochs = 4,
          .samples = 2000,
          .samples_total = 8000,
          .samples_per_s = 100,
          .loss = 0.5,
          .error = 0.125,
          .settled = 0.75,
          .nonfinite = 0};
}

int columns(const std::string& line) {
  return static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// 6000 samples left at 100 a second: one minute.
TEST(Progress, TellsEverythingThatATrainingHasToTell) {
  const std::string line = progress_log(halfway());
  for (const char* part : {"dfc", "epoch 2/4", "25 %", "loss 0.5", "accuracy 87.5 %", "1 min 00 s left",
                           "100 samples/s", "settled 75.0 %"}) {
    EXPECT_THAT(line, HasSubstr(part));
  }
  EXPECT_THAT(line, Not(HasSubstr("non-finite")));
}

TEST(Progress, NeverReachesTheEdgeOfTheTerminal) {
  for (bool unicode : {true, false}) {
    for (int width = 20; width < 200; ++width) {
      const std::string line =
          progress_line(halfway(), {.width = width, .colour = false, .unicode = unicode});
      EXPECT_LT(columns(line), width) << line;
      EXPECT_THAT(line, Not(HasSubstr("\n")));
    }
  }
}

TEST(Progress, BarIsFilledToTheShareDone) {
  const std::string line = progress_line(halfway(), {.width = 200, .colour = false, .unicode = false});
  EXPECT_THAT(line, HasSubstr("[######..................]"));
}

TEST(Progress, SaysWhatIsNotFinite) {
  Progress progress = halfway();
  progress.loss = kNaN;
  progress.nonfinite = 41;
  EXPECT_THAT(progress_log(progress), HasSubstr("loss NaN"));
  EXPECT_THAT(progress_log(progress), HasSubstr("non-finite 41"));
}

TEST(Progress, DoesNotGuessWithoutASpeedOrATotal) {
  Progress progress = halfway();
  progress.samples_per_s = 0;
  EXPECT_THAT(progress_log(progress), HasSubstr("unknown left"));
  progress.samples_total = 0;
  EXPECT_THAT(progress_log(progress), Not(HasSubstr("25 %")));
}

TEST(Progress, NamesAPassThatIsNotTheTraining) {
  Progress progress = halfway();
  progress.pass = "sleep";
  EXPECT_THAT(progress_log(progress), HasSubstr("sleep 2/4"));
}

TEST(Duration, ReadsAsAPersonSaysIt) {
  EXPECT_EQ(duration(0.4), "0 s");
  EXPECT_EQ(duration(59.6), "1 min 00 s");
  EXPECT_EQ(duration(185), "3 min 05 s");
  EXPECT_EQ(duration(7620), "2 h 07 min");
  EXPECT_EQ(duration(kNaN), "unknown");
  EXPECT_EQ(duration(-1), "unknown");
}

TEST(Pace, IsDueAtMostOnceInAnInterval) {
  Pace pace(5);
  EXPECT_TRUE(pace.due(100));
  EXPECT_FALSE(pace.due(104.9));
  EXPECT_TRUE(pace.due(105));
  EXPECT_FALSE(pace.due(109));
}

TEST(Sparkline, RunsFromTheLowestToTheHighestBlock) {
  EXPECT_EQ(sparkline(std::vector{0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(std::vector{1.0, kNaN, 0.0}), "█×▁");
  EXPECT_EQ(sparkline(std::vector{3.0, 3.0}), "▅▅");
  EXPECT_EQ(sparkline({}), "");
}

TEST(Sparkline, AveragesWhatDoesNotFit) {
  EXPECT_EQ(columns(sparkline(std::vector<double>(1000, 1.0), {.width = 30})), 30);
  EXPECT_EQ(sparkline(std::vector{0.0, 0.0, 4.0, 4.0}, {.width = 2}), "▁█");
}

TEST(TerminalPlot, NamesEveryCurveAndTheRange) {
  const std::vector<PlotCurve> curves = {{"falling", {0, 1, 2}, {8, 4, 2}}, {"rising", {0, 1, 2}, {2, 3, 6}}};
  const std::string plot = terminal_plot("Error", curves, {.width = 60});
  for (const char* part : {"Error", "falling", "rising", "8 ┤", "2 ┤"}) EXPECT_THAT(plot, HasSubstr(part));
  // At its end the rising curve is the upper one.
  EXPECT_LT(plot.find("rising"), plot.find("falling"));
}

TEST(TerminalPlot, FitsTheTerminal) {
  const std::vector<PlotCurve> curves = {{"a curve with quite a long name", {0, 1, 2}, {8, 4, 2}}};
  for (int width = 20; width < 120; ++width) {
    std::istringstream lines(terminal_plot("E", curves, {.width = width}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), width);
  }
}

TEST(TerminalPlot, IsEmptyWithoutAFinitePoint) {
  EXPECT_EQ(terminal_plot("Error", std::vector<PlotCurve>{{"a", {0}, {kNaN}}}, {}), "");
  EXPECT_EQ(terminal_plot("Error", std::vector<PlotCurve>{{"a", {0}, {-1}}}, {}, true), "");
  EXPECT_EQ(terminal_plot("Error", {}, {}), "");
}

// The master side of a pseudo-terminal counts as a terminal, and its size can be set.
class Terminal : public testing::Test {
 protected:
  Terminal() : descriptor_(posix_openpt(O_RDWR | O_NOCTTY)) {
    winsize size{};
    size.ws_col = 77;
    size.ws_row = 20;
    ioctl(descriptor_, TIOCSWINSZ, &size);
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
  }
  ~Terminal() override { close(descriptor_); }
  int descriptor_;
};

TEST_F(Terminal, StyleFollowsTheTerminal) {
  const TextStyle style = terminal_style(descriptor_);
  EXPECT_EQ(style.width, 77);
  EXPECT_TRUE(style.colour);
  EXPECT_TRUE(style.unicode);
}

TEST_F(Terminal, NoColorIsRespected) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(terminal_style(descriptor_).colour);
}

TEST_F(Terminal, ADumbTerminalHasNoColour) {
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(terminal_style(descriptor_).colour);
}

TEST_F(Terminal, AFileHasNoColourAndAnotherLocaleNoUnicode) {
  setenv("LC_ALL", "C", 1);
  setenv("COLUMNS", "66", 1);
  const int file = open("/dev/null", O_WRONLY);
  const TextStyle style = terminal_style(file);
  close(file);
  EXPECT_FALSE(style.colour);
  EXPECT_FALSE(style.unicode);
  EXPECT_EQ(style.width, 66);
}

}  // namespace
}  // namespace apical
