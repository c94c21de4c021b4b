// A folder for the files of a figure, removed at the end of a test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "apical/published_figure.h"

namespace apical {

class FigureFolder {
 public:
  FigureFolder() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("apical-figure-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~FigureFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FigureFolder(const FigureFolder&) = delete;
  FigureFolder& operator=(const FigureFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // The short form of a figure.
  FigureTask quick() const {
    FigureTask task;
    task.folder = path_;
    task.quick = true;
    return task;
  }

 private:
  std::filesystem::path path_;
};

inline void expect_all_shown(const FigureOutcome& outcome) {
  EXPECT_TRUE(outcome.finished);
  EXPECT_FALSE(outcome.claims.empty());
  for (const FigureClaim& claim : outcome.claims)
    EXPECT_TRUE(claim.shown) << claim.published << "\n  " << claim.ours;
}

inline void expect_files(const FigureOutcome& outcome, const FigureFolder& folder, const std::string& name) {
  for (const char* ending : {".svg", ".csv"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / (name + ending))) << name << ending;
  for (const auto& file : outcome.files) EXPECT_GT(std::filesystem::file_size(file), 100u) << file;
}

}  // namespace apical
