// Live progress on stderr: one rewritten line on a terminal, a plain line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "apical/terminal.h"
#include "apical/training.h"

namespace apical::cli {

class Live {
 public:
  Live();
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // `place`: "3/8", where the run is one of several; may be empty.
  void show(const TrainingProgress& progress, const std::string& place = {});
  // A line of words in the same place, for what is no training.
  void show(const std::string& words);
  // Takes the rewritten line away, so that a lasting line can follow.
  void clear();

 private:
  bool due();
  void rewrite(const std::string& line);

  bool terminal_;
  TextStyle style_;
  Pace pace_;
  bool shown_ = false;
};

}  // namespace apical::cli
