// What a person at a terminal sees.
#include <thread>

#include "command_test.h"

namespace apical {
namespace {

// A terminal of which the test is the screen.
class Screen {
 public:
  Screen() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
    path_ = ::ptsname(master_);
    held_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY);
    reader_ = std::thread([this] {
      char buffer[4096];
      for (ssize_t count = 0; (count = ::read(master_, buffer, sizeof buffer)) > 0;)
        shown_.append(buffer, static_cast<std::size_t>(count));
    });
  }
  ~Screen() {
    if (reader_.joinable()) text();
    if (master_ >= 0) ::close(master_);
  }
  const std::string& path() const { return path_; }
  // Everything shown, once the program has ended.
  const std::string& text() {
    if (held_ >= 0) ::close(held_);
    held_ = -1;
    if (reader_.joinable()) reader_.join();
    return shown_;
  }

 private:
  int master_, held_ = -1;
  std::string path_, shown_;
  std::thread reader_;
};

using Terminal = CommandTest;

TEST_F(Terminal, ProgressIsOneRewrittenLineAndIsTakenAwayAtTheEnd) {
  Screen screen;
  if (screen.path().empty()) GTEST_SKIP() << "no terminals here";
  Setting at_terminal = setting();
  at_terminal.err = screen.path();
  at_terminal.environment["TERM"] = "xterm";
  const auto done = run({"compare", "tiny.toml", "--rules", "backprop,dfa"}, at_terminal);
  EXPECT_EQ(done.code, 0);
  const std::string shown = screen.text();
  EXPECT_THAT(shown, HasSubstr("\r\x1b[K1/2 backprop"));
  EXPECT_THAT(shown, HasSubstr("accuracy"));
  EXPECT_THAT(shown, HasSubstr("\r\x1b[K1/2 backprop, seed 5: test error"));
  EXPECT_THAT(done.out, Not(HasSubstr("\r")));
}

// A minibatch that would take hours.
TEST_F(Terminal, ASecondCtrlCKillsAtOnce) {
  Process training(words(train_words("out", {"--rule", "dfc", "--set", "rule.steps=10000000",
                                             "rule.pretraining_epochs=0", "rule.sleep_before=0"})),
                   setting());
  ASSERT_TRUE(wait_until([&] { return fs::exists(here() / "out/metrics.jsonl") || !training.running(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  training.send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_TRUE(training.running());
  training.send(SIGINT);
  const auto killed = training.wait();
  EXPECT_EQ(killed.code, -1);
  EXPECT_THAT(killed.err, HasSubstr("once more to stop at once"));
}

TEST_F(Terminal, AReaderThatGoesAwayIsNoError) {
  const auto piped = Process({"/bin/bash", "-c",
                              std::string(APICAL_COMMAND) + " rules dfc | head -n 1; exit ${PIPESTATUS[1]}"},
                             setting())
                         .wait();
  EXPECT_EQ(piped.code, 0);
  EXPECT_EQ(piped.err, "");
}

}  // namespace
}  // namespace apical
