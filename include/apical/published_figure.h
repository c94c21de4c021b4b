// A figure of a paper that a function makes: drawing, picture and the numbers behind it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace apical {

struct FigureTask {
  std::filesystem::path folder;   // files go here; it exists
  std::filesystem::path recipes;  // the folder of recipes
  std::uint64_t seed = 42;
  unsigned threads = 1;
  bool quick = false;  // a short form for tests, under two minutes
  // Of figures that may stop early: so many epochs of each run, to go on another day (0: all), and of this method alone.
  std::int64_t epochs = 0;
  std::string row = {};
  const std::atomic<bool>* stop =
      nullptr;  // becomes true: throw nothing, return what is done with finished = false
  std::function<void(const std::string&)> say;  // a sentence for whoever is watching; may be empty
};

// One thing that the published figure shows, and whether ours shows it.
struct FigureClaim {
  std::string published;  // "admissible feedback weights cover a larger set than J^T and its pseudo-inverse"
  std::string ours;       // with the number: "2,000 of 2,000 lie outside …"
  bool shown = false;
};

struct FigureOutcome {
  bool finished = true;
  std::vector<FigureClaim> claims = {};
  std::vector<std::filesystem::path> files = {};  // SVG, PNG and CSV
  std::string partial = {};  // what has run, if that is not all: the claims then stand without a verdict
};

struct PublishedFigure {
  std::string id;         // "dfc2021/fig2"
  std::string title;      // one line
  std::string published;  // what the published figure shows, a sentence
  std::function<FigureOutcome(const FigureTask&)> make;
  bool may_stop_early = false;  // takes FigureTask::epochs and row
};

// Every figure, in the order of its paper. A new one: a file in src/reproduction and its line in figures.cc.
const std::vector<PublishedFigure>& published_figures();

// Runs it and keeps its claims in <results>/<id>.json with date, version and machine.
FigureOutcome reproduce_figure(const PublishedFigure& figure, const FigureTask& task,
                               const std::filesystem::path& results);

// What was kept; empty if nothing was.
struct FigureResult {
  std::string date, version, commit, machine;
  std::vector<FigureClaim> claims;
  std::string partial;  // as FigureOutcome has it
};
FigureResult load_figure_result(const std::filesystem::path& results, const std::string& id);

}  // namespace apical
