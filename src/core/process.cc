#include "core/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "apical/error.h"

namespace apical {
namespace {

pid_t start(const std::filesystem::path& program, const std::vector<std::string>& words,
            const std::filesystem::path& folder, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = 0;
  const int code = posix_spawn(&process, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw Error(program.string(), fmt::format("cannot be started: {}.", std::strerror(code)));
  return process;
}

ProcessEnd wait_for(pid_t process, double timeout_s) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended == process) return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, false};
    if (ended < 0 && errno != EINTR) return {-1, false};
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(process, SIGKILL);
  waitpid(process, &status, 0);
  return {-1, true};
}

}  // namespace

std::filesystem::path find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto program = std::filesystem::path(folder.empty() ? "." : folder) / name;
    if (access(program.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(program)) return program;
  }
  return {};
}

ProcessEnd run_process(const std::filesystem::path& program, const std::vector<std::string>& words,
                       const std::filesystem::path& folder, const std::filesystem::path& log,
                       double timeout_s) {
  return wait_for(start(program, words, folder, log), timeout_s);
}

std::string last_words(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::string text, last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
    if (line.find("ERR") == std::string::npos && line.find("error") == std::string::npos) continue;
    text += (text.empty() ? "" : " / ") + line;
  }
  constexpr std::size_t kMost = 400;
  return (text.empty() ? last : text).substr(0, kMost);
}

}  // namespace apical
