#include "stop.h"

#include <unistd.h>

#include <csignal>

namespace apical::cli {
namespace {

std::atomic<bool> asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// Only what a signal handler may do.
void ask(int signal) {
  std::signal(signal, SIG_DFL);
  asked = true;
  constexpr char kMessage[] =
      "\nStopping after this minibatch and saving a checkpoint; once more to stop at once.\n";
  if (write(STDERR_FILENO, kMessage, sizeof kMessage - 1) < 0) return;
}

}  // namespace

const std::atomic<bool>& stop_on_signals() {
  std::signal(SIGINT, ask);
  std::signal(SIGTERM, ask);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not end a training
  return asked;
}

}  // namespace apical::cli
