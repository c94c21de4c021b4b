// Results of runs as a table, a set of vector figures, a self-contained HTML page and JSON. Reads only the
// record on disk.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apical/table.h"

namespace apical {

// What a report needs of a run. Numbers that were null in the file are NaN (not finite); numbers that were
// not there are empty.
struct RunRecord {
  struct Epoch {
    double epoch = 0;
    std::string pass;               // "wake", "sleep", "feedback-pretraining", …
    std::optional<double> segment;  // counts every epoch of every pass; older runs do not have it
    double samples = 0, seconds = 0, samples_per_s = 0;
    std::optional<double> loss, error;  // error: fraction in [0, 1]
    std::optional<double> settled, settling_time, residual;
    std::optional<double> solved, fell_back;  // samples, where equilibria are solved for
    std::optional<double> nonfinite, probe_seconds;
  };
  struct Evaluation {
    double epoch = 0;
    std::string split;  // "train", "validation", "test"
    std::optional<double> loss, error;
    double samples = 0;
  };
  struct Measurement {
    std::string probe;  // "update-angle", …
    double epoch = 0;
    std::vector<std::pair<std::string, double>> values;  // "network", "layer 1", … in the order of the file
    std::string unit;
    double seconds = 0;
  };
  struct Marks {
    std::string pass;
    std::vector<std::string> marks;  // what the rule's verbs saw beyond a synapse's own place
  };
  struct Summary {
    std::optional<double> test_error, test_loss, validation_error, best_epoch, samples_per_s, seconds;
  };

  std::filesystem::path folder;
  std::string name, rule, seed, data, status, version, kernels, machine, recipe;
  std::string failure;                 // why it failed, if the manifest says
  std::vector<std::string> shortened;  // what was made smaller than published, if the manifest says
  std::vector<std::pair<std::string, std::string>>
      facts;                  // the whole manifest but the recipe, flattened: "data.sha256" …
  std::vector<Epoch> epochs;  // training and other passes, in time order
  std::vector<Evaluation> evaluations;
  std::vector<Measurement> measurements;
  std::vector<Marks> marks;
  std::optional<Summary> summary;
  std::vector<std::string> problems;  // lines that could not be read, one sentence each
};

// Reads manifest.json and metrics.jsonl of a run directory. A half-written last line is left out; an
// unreadable line in the middle becomes a sentence in `problems`. Where a resumed run wrote an epoch again,
// the later line holds. Throws Error if there is no manifest or it is not JSON.
RunRecord read_run_record(const std::filesystem::path& folder);

struct ReportOptions {
  std::string title = "Apical report";
  std::string what = {};                    // a sentence or two: what was run
  std::vector<std::string> shortened = {};  // what was made smaller than published, one sentence each
};

// A figure as a standalone SVG file (light colours, transparent ground).
struct ReportFigure {
  std::string id;  // "test-error": fit for a file name
  std::string title;
  std::string svg;
};

// Runs of one rule on one data set with the same settings but for the seed are one row: mean ± sample sd over
// seeds. Angle: the network's update against backprop, mean over the probes of the last epoch. Repeats of a
// seed count once.
Table result_table(std::span<const RunRecord> runs, const ReportOptions& options = {});
// A page that needs no network and no other file.
std::string html_report(std::span<const RunRecord> runs, const ReportOptions& options = {});
// The numbers of the page: {"title", "table", "rules": […], "figures": […], "runs": […]}.
std::string report_json(std::span<const RunRecord> runs, const ReportOptions& options = {});
// Every figure of the page that has data.
std::vector<ReportFigure> report_figures(std::span<const RunRecord> runs);
// Test error over epochs (training loss where there is none), one curve per rule, for the terminal.
std::string result_plot(std::span<const RunRecord> runs, const TextStyle& style);

}  // namespace apical
