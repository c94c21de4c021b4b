// Uses the network of a run on a data set.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "apical/error.h"
#include "apical/npz_writer.h"
#include "apical/run.h"
#include "apical/training.h"
#include "experiment/dataset_source.h"
#include "experiment/network_checkpoint.h"
#include "experiment/plan.h"
#include "kernels/kernels.h"
#include "network/minibatch.h"

namespace apical {
namespace {

constexpr std::size_t kSamplesAtOnce = 512;

// What `--save` collects, [samples, n_i] per layer.
struct Activity32 {
  std::vector<std::vector<float>> rates;  // per layer, 0 … L
};

template <class T>
EvaluationResult evaluate_with(const Plan& plan, const Checkpoint& checkpoint, const Dataset& data,
                               Activity32* activity) {
  Pool pool(std::max(1u, std::thread::hardware_concurrency()));
  Network<T> network(plan.network, plan.card.groups, 0);
  load_network(network, checkpoint);
  const std::size_t at_once = std::min(kSamplesAtOnce, data.size());
  Minibatch<T> minibatch(network, plan.loss, pool, at_once);
  DatasetSource<T> source(data, plan.standardisation, plan.task);

  EvaluationResult result;
  result.data = data.name();
  result.part = data.part();
  result.samples = data.size();
  const bool classes = plan.task == Task::classification;
  result.classes = classes ? network.units(network.depth()) : 0;
  result.confusion.assign(result.classes * result.classes, 0);
  if (activity != nullptr) activity->rates.resize(network.depth() + 1);
  double correct = 0;
  for (std::size_t first = 0; first < data.size(); first += at_once) {
    std::vector<std::uint32_t> samples(std::min(at_once, data.size() - first));
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint32_t>(first + i);
    source.choose(samples);
    minibatch.predict(samples.size(), source);
    result.loss += minibatch.mean_loss() * static_cast<double>(samples.size());
    correct += static_cast<double>(minibatch.correct());
    const BatchState<T>& state = minibatch.state();
    const std::size_t n_out = network.units(network.depth()), stride = row_stride<T>(n_out);
    for (std::size_t row = 0; row < samples.size() && classes; ++row) {
      const T* output = state.rate[network.depth()].data() + row * stride;
      const auto predicted = std::max_element(output, output + n_out) - output;
      result.predictions.push_back(predicted);
      ++result.confusion[static_cast<std::size_t>(data.label(samples[row])) * n_out +
                         static_cast<std::size_t>(predicted)];
    }
    for (std::size_t layer = 0; activity != nullptr && layer <= network.depth(); ++layer) {
      for (std::size_t row = 0; row < samples.size(); ++row) {
        const T* rates = state.rate[layer].data() + row * row_stride<T>(network.units(layer));
        activity->rates[layer].insert(activity->rates[layer].end(), rates, rates + network.units(layer));
      }
    }
  }
  result.loss /= static_cast<double>(data.size());
  result.error =
      classes ? 1 - correct / static_cast<double>(data.size()) : std::numeric_limits<double>::quiet_NaN();
  return result;
}

void save_activity(const std::filesystem::path& path, const Plan& plan, const Dataset& data,
                   const EvaluationResult& result, const Activity32& activity) {
  NpzWriter npz;
  for (std::size_t layer = 0; layer < activity.rates.size(); ++layer) {
    npz.add(layer == 0 ? "inputs" : fmt::format("r{}", layer), {data.size(), plan.network.units[layer]},
            std::span<const float>(activity.rates[layer]));
  }
  if (!result.predictions.empty()) {
    const std::vector<std::int64_t> labels(data.labels().begin(), data.labels().end());
    npz.add("labels", {data.size()}, std::span<const std::int64_t>(labels));
    npz.add("predictions", {data.size()}, std::span<const std::int64_t>(result.predictions));
  }
  npz.write(path);
}

}  // namespace

EvaluationResult evaluate_run(const std::filesystem::path& run_directory, const std::string& data,
                              const std::string& part, Moment moment,
                              const std::optional<std::filesystem::path>& save,
                              const TrainingOptions& options) {
  const RunManifest manifest = read_manifest(run_directory);
  const auto checkpoints = checkpoints_of(run_directory);
  if (checkpoints.empty())
    throw Error(run_directory.string(), "the run has no checkpoint yet; there is no network to use.");
  const Recipe recipe = parse_recipe(manifest.recipe, (run_directory / "manifest.json").string());
  use_kernels(recipe.training.kernels, factors_of(recipe.training.precision));
  const Plan plan = make_plan(recipe, options.data);
  const Dataset used = data.empty() || data == plan.recipe.problem.data
                           ? (part == "train" ? plan.train : plan.test)
                           : load_dataset(data, part, options.data);
  if (used.inputs() != plan.network.units.front()) {
    throw Error("--data " + data, fmt::format("the network takes {} inputs, the data has {}.",
                                              plan.network.units.front(), used.inputs()));
  }
  if (plan.task == Task::classification && used.classes() != plan.train.classes()) {
    throw Error("--data " + data, fmt::format("the network knows {} classes, the data has {}.",
                                              plan.train.classes(), used.classes()));
  }
  const std::filesystem::path best = best_network_of(run_directory);
  const bool take_best = moment == Moment::best && std::filesystem::exists(best);
  const Checkpoint checkpoint = load_checkpoint(take_best ? best : checkpoints.back());
  Activity32 activity;
  Activity32* collect = save ? &activity : nullptr;
  EvaluationResult result = recipe.training.precision == "float64"
                                ? evaluate_with<double>(plan, checkpoint, used, collect)
                                : evaluate_with<float>(plan, checkpoint, used, collect);
  if (save) save_activity(*save, plan, used, result, activity);
  return result;
}

}  // namespace apical
