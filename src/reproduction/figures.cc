#include <fmt/chrono.h>
#include <ctime>
#include <nlohmann/json.hpp>

#include "apical/atomic_file.h"
#include "apical/environment.h"
#include "apical/error.h"
#include "apical/published_figure.h"
#include "reproduction/alignment.h"
#include "reproduction/feedback_figures.h"
#include "reproduction/fig1d.h"
#include "reproduction/fig2.h"
#include "reproduction/fig3.h"
#include "reproduction/figure_functions.h"

namespace apical {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = 1 << 20;

fs::path file_of(const fs::path& results, const std::string& id) { return results / (id + ".json"); }

}  // namespace

const std::vector<PublishedFigure>& published_figures() {
  static const std::vector<PublishedFigure> figures = [] {
    std::vector<PublishedFigure> all = {
        {"dfc2021/precision", "What single precision keeps of the update as the training loss falls",
         "Beside the training losses near 1e-8 in Table 1, which the authors reached in float64.",
         precision_figure},
        {"dfc2021/solved-settling", "Learning from states that are solved for",
         "Beside DFC-SS in Table 1, which learns from the last of T simulated states.", solved_settling},
        {"dfc2021/bfloat16", "Learning from settling steps in bfloat16",
         "Beside DFC in Table 1, whose authors simulated in float64.", rounded_factors},
        {"dfc2021/fig1d", "Figure 1D: single samples under control",
         "Output and control of single samples oscillate and settle, the output at its target.", make_fig1d},
        {"dfc2021/fig2", "Figure 2: feedback weights that control a network",
         "They fill a much larger set than the transposed Jacobian and its damped pseudo-inverses.",
         make_fig2},
        {"dfc2021/fig3", "Figure 3: conditions, directions and stability while a student learns",
         "Learned feedback stays near Condition 2, updates near minimum norm and Gauss-Newton, the network "
         "stable.",
         make_fig3, true},
        {"dfc2021/figs2", "Figure S2: where learned feedback points, by the damping of the pseudo-inverse",
         "Feedback that learns from noise turns into the row space of J, along a damped pseudo-inverse.",
         make_figs2},
        {"dfc2021/figs3", "Figure S3: the same, by the controller's leak in sleep",
         "Feedback turns into the row space of J for every leak.", make_figs3},
        {"dfc2021/figs4", "Figure S4: the same, by the controller's proportional gain in sleep",
         "Feedback turns into the row space of J for every gain.", make_figs4},
    };
    for (PublishedFigure& figure : alignment_figures()) all.push_back(std::move(figure));
    return all;
  }();
  return figures;
}

FigureOutcome reproduce_figure(const PublishedFigure& figure, const FigureTask& task,
                               const fs::path& results) {
  fs::create_directories(task.folder);
  FigureOutcome outcome = figure.make(task);
  if (!outcome.finished || task.quick) return outcome;
  Json claims = Json::array();
  for (const FigureClaim& claim : outcome.claims)
    claims.push_back({{"published", claim.published}, {"ours", claim.ours}, {"shown", claim.shown}});
  const Json json = {{"format", 1},
                     {"figure", figure.id},
                     {"seed", task.seed},
                     {"date", fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)))},
                     {"version", build_info().version},
                     {"commit", build_info().commit},
                     {"machine", machine_info().cpu},
                     {"partial", outcome.partial},
                     {"claims", claims}};
  fs::create_directories(file_of(results, figure.id).parent_path());
  write_atomically(file_of(results, figure.id), json.dump(1) + "\n");
  return outcome;
}

FigureResult load_figure_result(const fs::path& results, const std::string& id) {
  const fs::path file = file_of(results, id);
  FigureResult result;
  if (!fs::exists(file)) return result;
  try {
    const Json json = Json::parse(read_whole(file, kMostBytes));
    result = {json.at("date"),          json.at("version"), json.at("commit"), json.at("machine"), {},
              json.value("partial", "")};
    for (const Json& claim : json.at("claims"))
      result.claims.push_back({claim.at("published"), claim.at("ours"), claim.at("shown")});
  } catch (const Json::exception& damaged) {
    throw Error(file.string(), fmt::format("is no result of a figure: {}.", damaged.what()),
                "Take back the version that was committed, or remove it.");
  }
  return result;
}

}  // namespace apical
