#include "experiment/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "apical/error.h"

namespace apical {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Wake epochs done, with the part of the one that runs; epochs before training count up to 0.
double moment(const Plan& plan, const TrainerBase& trainer) {
  const auto done = static_cast<double>(trainer.minibatch()) / static_cast<double>(trainer.minibatches());
  const Segment& segment = trainer.segment();
  if (segment.pass.when != When::before_training)
    return static_cast<double>(segment.epoch) + (segment.evaluates ? done : 0.0);
  const auto before = std::count_if(plan.segments.begin(), plan.segments.end(),
                                    [](const Segment& s) { return s.pass.when == When::before_training; });
  return static_cast<double>(trainer.segment_index()) - static_cast<double>(before) + done;
}

std::int64_t whole_number(double x) { return static_cast<std::int64_t>(x); }

Metric evaluation_line(std::int64_t epoch, const std::string& split, const Evaluation& evaluation) {
  return {{"event", std::string("evaluation")},
          {"epoch", epoch},
          {"split", split},
          {"loss", evaluation.loss},
          {"error", evaluation.error},
          {"samples", static_cast<std::int64_t>(evaluation.samples)}};
}

}  // namespace

void Recorder::log_segment(const TrainerBase& trainer) {
  const SegmentSums& sums = trainer.sums();
  const Segment& segment = trainer.segment();
  const bool wake = segment.evaluates;
  Metric line = {{"event", std::string(wake ? "epoch" : "pass")},
                 {"epoch", segment.epoch + (wake ? 1 : 0)},
                 {"pass", segment.pass.name},
                 {"segment", static_cast<std::int64_t>(trainer.segment_index())},
                 {"samples", whole_number(sums.samples)},
                 {"seconds", segment_seconds},
                 {"samples_per_s", sums.samples / std::max(segment_seconds - probe_seconds, 1e-9)},
                 {"loss", sums.mean_loss()}};
  if (plan_.task == Task::classification) line.emplace_back("error", sums.error());
  if (sums.settling_samples > 0) {
    line.emplace_back("settled", sums.settled / sums.settling_samples);
    line.emplace_back("settling_time", sums.settling_time / sums.settling_samples);
    line.emplace_back("residual", sums.residual / sums.settling_samples);
  }
  if (sums.solved + sums.fell_back > 0) {
    line.emplace_back("solved", whole_number(sums.solved));
    line.emplace_back("fell_back", whole_number(sums.fell_back));
  }
  line.emplace_back("nonfinite", whole_number(sums.not_finite));
  line.emplace_back("probe_seconds", probe_seconds);
  run_.log(line);
  if (!wake) return;
  wake_samples += sums.samples;
  wake_seconds += segment_seconds - probe_seconds;
}

void Recorder::evaluate(TrainerBase& trainer) {
  const std::int64_t epoch = trainer.segment().epoch + 1;
  const Evaluation test = trainer.evaluate("test");
  run_.log(evaluation_line(epoch, "test", test));
  Evaluation validation{kUnknown, kUnknown, 0};
  double score = -static_cast<double>(epoch);  // without validation samples, the latest is the best
  if (plan_.recipe.problem.validation > 0) {
    validation = trainer.evaluate("validation");
    run_.log(evaluation_line(epoch, "validation", validation));
    score = plan_.task == Task::classification ? validation.error : validation.loss;
  }
  if (best_.epoch != 0 && !(score < best_.score)) return;
  best_ = {score, epoch, test, validation};
  if (plan_.recipe.problem.validation == 0) return;
  Checkpoint network;
  trainer.save_weights(network);
  network.set_whole("epoch", epoch);
  apical::save_checkpoint(best_network_of(run_.directory()), network);
}

void Recorder::log_probe(const TrainerBase& trainer, const std::string& name, const ProbeValues& values,
                         double seconds) {
  run_.log({{"event", std::string("probe")},
            {"probe", name},
            {"epoch", moment(plan_, trainer)},
            {"minibatch", static_cast<std::int64_t>(trainer.minibatch())},
            {"values", values.values},
            {"unit", values.unit},
            {"seconds", seconds}});
}

void Recorder::log_marks(const TrainerBase& trainer) {
  const std::string& pass = trainer.segment().pass.name;
  if (std::find(marked_.begin(), marked_.end(), pass) != marked_.end()) return;
  marked_.push_back(pass);
  run_.log({{"event", std::string("marks")}, {"pass", pass}, {"marks", trainer.marks().names()}});
}

void Recorder::log_summary(double samples_per_s, double seconds) {
  run_.log({{"event", std::string("summary")},
            {"test_error", best_.test.error},
            {"test_loss", best_.test.loss},
            {"validation_error", best_.validation.error},
            {"best_epoch", best_.epoch},
            {"samples_per_s", samples_per_s},
            {"seconds", seconds}});
  run_.update([&](RunManifest& manifest) {
    manifest.results["best_epoch"] = static_cast<double>(best_.epoch);
    manifest.results["test_loss"] = best_.test.loss;
    if (plan_.task == Task::classification) manifest.results["test_error"] = best_.test.error;
  });
}

void Recorder::log_speeds(std::vector<PassSpeed> speeds) {
  speeds_ = std::move(speeds);
  run_.update([&](RunManifest& manifest) {
    for (const PassSpeed& speed : speeds_) {
      manifest.speed[speed.pass] = {{"samples", speed.samples},
                                    {"seconds", speed.seconds},
                                    {"multiply_adds_per_sample", speed.multiply_adds},
                                    {"flops_per_s", speed.flops_per_s},
                                    {"share_of_peak", speed.share_of_peak}};
    }
  });
}

void Recorder::save_checkpoint(const TrainerBase& trainer) {
  Checkpoint checkpoint;
  trainer.save(checkpoint);
  const std::array<double, 7> best = {
      best_.score,           static_cast<double>(best_.epoch), best_.test.loss, best_.test.error,
      best_.validation.loss, best_.validation.error,           wake_samples};
  const std::array<double, 3> clock = {wake_seconds, segment_seconds, probe_seconds};
  checkpoint.add(NamedTensor::of<double>("best", {best.size()}, best));
  checkpoint.add(NamedTensor::of<double>("clock", {clock.size()}, clock));
  checkpoint.set_whole("metrics_bytes", static_cast<std::int64_t>(run_.sync_metrics()));
  apical::save_checkpoint(run_.checkpoint_path(static_cast<std::int64_t>(trainer.segment_index()),
                                               static_cast<std::int64_t>(trainer.minibatch())),
                          checkpoint);
  run_.prune_checkpoints(2);
}

void Recorder::load_checkpoint(TrainerBase& trainer) {
  const auto checkpoints = checkpoints_of(run_.directory());
  if (checkpoints.empty()) {
    run_.rewind_metrics(0);
    return;
  }
  const Checkpoint checkpoint = apical::load_checkpoint(checkpoints.back());
  trainer.load(checkpoint);
  const auto best = checkpoint.require_tensor("best", Dtype::f64, std::array<std::size_t, 1>{7}).as<double>();
  const auto clock =
      checkpoint.require_tensor("clock", Dtype::f64, std::array<std::size_t, 1>{3}).as<double>();
  best_ = {best[0],
           static_cast<std::int64_t>(best[1]),
           {best[2], best[3], plan_.test.size()},
           {best[4], best[5], 0}};
  wake_samples = best[6];
  wake_seconds = clock[0];
  segment_seconds = clock[1];
  probe_seconds = clock[2];
  run_.rewind_metrics(static_cast<std::uint64_t>(checkpoint.require_whole("metrics_bytes")));
  for (const Metric& line : read_metrics(run_.directory())) {
    if (line.front().second != MetricValue(std::string("marks"))) continue;
    for (const auto& [name, value] : line) {
      if (name == "pass") marked_.push_back(std::get<std::string>(value));
    }
  }
}

bool Recorder::should_stop_early(std::int64_t epoch) const {
  const std::int64_t patience = plan_.recipe.training.early_stopping;
  return patience > 0 && best_.epoch > 0 && epoch - best_.epoch >= patience;
}

}  // namespace apical
