// Ctrl-C and SIGTERM while something trains: the first asks to stop, the second kills.
#pragma once

#include <atomic>

namespace apical::cli {

// From now on SIGINT and SIGTERM set the flag.
const std::atomic<bool>& stop_on_signals();

}  // namespace apical::cli
