// Things that other processes do to our files.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace apical {

// Runs the call in a child process; its exit code is what the call returns.
template <class Call>
int in_child(Call call) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(call());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Runs the call in a child process that is then killed, as by a power cut. False if the call did not come to
// its end.
template <class Call>
bool killed_after(Call call) {
  int ready[2];
  if (::pipe(ready) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ready[0]);
    call([&] {
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      while (true) ::pause();
    });
    ::_exit(1);
  }
  ::close(ready[1]);
  char byte = 0;
  const bool reached = ::read(ready[0], &byte, 1) == 1;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  return reached;
}

}  // namespace apical
