// Runs the built program as a user's shell would.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace apical {

struct Finished {
  int code = -1;  // exit code; −1: killed by a signal
  std::string out, err;
};

struct Setting {
  std::filesystem::path directory = ".";
  std::map<std::string, std::string> environment = {};  // on top of ours
  rlim_t most_bytes_per_file = RLIM_INFINITY;           // a write beyond it fails as on a full disk
  std::filesystem::path out = {}, err = {};             // stdout and stderr go here instead
};

// A program that runs; it is killed if its owner lets it go.
class Process {
 public:
  Process(const std::vector<std::string>& words, const Setting& setting) : directory_(setting.directory) {
    static int count = 0;
    const std::string stem =
        (directory_ / (".output-" + std::to_string(::getpid()) + "-" + std::to_string(count++))).string();
    out_ = setting.out.empty() ? stem + "-out" : setting.out.string();
    err_ = setting.err.empty() ? stem + "-err" : setting.err.string();
    temporary_out_ = setting.out.empty();
    temporary_err_ = setting.err.empty();
    pid_ = ::fork();
    if (pid_ == 0) become(words, setting);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    if (temporary_out_) std::filesystem::remove(out_, ignored);
    if (temporary_err_) std::filesystem::remove(err_, ignored);
  }

  void send(int signal) const { ::kill(pid_, signal); }
  bool running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ > 0;
  }
  Finished wait() {
    if (pid_ > 0) ::waitpid(pid_, &status_, 0);
    pid_ = 0;
    return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1, temporary_out_ ? read(out_) : "",
            temporary_err_ ? read(err_) : ""};
  }

 private:
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  [[noreturn]] void become(const std::vector<std::string>& words, const Setting& setting) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const auto redirect = [](const std::string& path, int flags, int to) {
      const int from = ::open(path.c_str(), flags, 0600);
      if (from < 0 || ::dup2(from, to) < 0) ::_exit(120);
    };
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out_, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(err_, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (::chdir(setting.directory.c_str()) != 0) ::_exit(121);
    for (const auto& [name, value] : setting.environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (setting.most_bytes_per_file != RLIM_INFINITY) {
      const rlimit limit{setting.most_bytes_per_file, setting.most_bytes_per_file};
      std::signal(SIGXFSZ, SIG_IGN);
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(122);
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(123);
  }

  std::filesystem::path directory_;
  std::string out_, err_;
  bool temporary_out_ = true, temporary_err_ = true;
  pid_t pid_ = 0;
  int status_ = 0;
};

}  // namespace apical
