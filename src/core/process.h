// Running other programs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace apical {

// The program of that name on the PATH; empty if there is none.
std::filesystem::path find_program(const std::string& name);

struct ProcessEnd {
  int code = 0;            // the exit code; −1 if it was ended by a signal or by us
  bool timed_out = false;  // and was killed
};

// Runs the program in `folder` with both outputs in the file `log`, and waits. words[0] is its name for itself. It belongs to our
// process group, so that Ctrl-C ends it too. Throws Error if it cannot be started.
ProcessEnd run_process(const std::filesystem::path& program, const std::vector<std::string>& words,
                       const std::filesystem::path& folder, const std::filesystem::path& log,
                       double timeout_s);

// The lines of a log in which a program says what went wrong, else its last line; short enough for a message.
std::string last_words(const std::filesystem::path& log);

}  // namespace apical
