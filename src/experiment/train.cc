#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "apical/error.h"
#include "apical/run_index.h"
#include "apical/training.h"
#include "experiment/advice.h"
#include "experiment/machine.h"
#include "experiment/recorder.h"
#include "experiment/session.h"
#include "kernels/counting.h"
#include "kernels/kernels.h"
#include "probes/dynamics.h"

namespace apical {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Runs a trainer to its end, recording what it does.
class TrainingLoop {
 public:
  TrainingLoop(Session& session, std::uint64_t seed, Recorder& recorder, const TrainingOptions& options)
      : plan_(session.plan()),
        pool_(session.pool()),
        seed_(seed),
        trainer_(session.trainer()),
        recorder_(recorder),
        options_(options) {}

  TrainingEnd run() {
    for (const std::string& probe : plan_.probes_left_out) {
      warn(fmt::format(
          "{} means nothing for {} and is not measured; `apical probes` says which rules a probe is for.",
          probe, plan_.card.id));
    }
    if (factors_of(plan_.recipe.training.precision) == Factors::bfloat16 && !takes_steps(plan_.card)) {
      warn(fmt::format("{} takes no settling steps: precision = \"bfloat16\" is float32 for it.",
                       plan_.card.id));
    }
    while (!trainer_.done() && !stops_early()) {
      if (enough_for_now() || !run_segment()) {
        recorder_.save_checkpoint(trainer_);
        return TrainingEnd::stopped;
      }
      const Segment segment = trainer_.segment();
      recorder_.log_segment(trainer_);
      recorder_.log_marks(trainer_);
      if (segment.evaluates) recorder_.evaluate(trainer_);
      if (segment.evaluates) {
        last_settling_ = settling_shares();
        last_loss_ = trainer_.sums().mean_loss();
      }
      const bool last_of_epoch = is_last_of_epoch();
      pace_[segment.pass.group] = pace();
      meter_.add(segment.pass.name, trainer_.sums().samples,
                 recorder_.segment_seconds - recorder_.probe_seconds);
      trainer_.next_segment();
      recorder_.segment_seconds = recorder_.probe_seconds = 0;
      const std::int64_t every = plan_.recipe.training.checkpoint_epochs;
      if (last_of_epoch && every > 0 && (segment.epoch + 1) % every == 0) checkpoint();
    }
    recorder_.save_checkpoint(trainer_);
    const double samples_per_s = recorder_.wake_samples / std::max(recorder_.wake_seconds, 1e-9);
    recorder_.log_summary(samples_per_s, seconds_since(start_));
    recorder_.log_speeds(meter_.speeds(multiply_add_peak(plan_, pool_)));
    warn(unsettled_warning(plan_, last_settling_.settled, last_settling_.diverged));
    warn(thrown_warning(plan_, last_loss_));
    return TrainingEnd::finished;
  }

 private:
  // False if the user asked to stop.
  bool run_segment() {
    while (!trainer_.segment_done()) {
      if (options_.stop != nullptr && options_.stop->load()) return false;
      const auto start = Clock::now();
      step();
      double probes = 0;
      for (const MeasuredProbe& probe : trainer_.measured()) {
        recorder_.log_probe(trainer_, probe.name, probe.values, probe.seconds);
        probes += probe.seconds;
      }
      recorder_.probe_seconds += probes;
      recorder_.segment_seconds += seconds_since(start);
      report_progress();
      warn_early();
      const double minutes = plan_.recipe.training.checkpoint_minutes;
      if (minutes > 0 && seconds_since(last_checkpoint_) > 60 * minutes && !trainer_.segment_done())
        checkpoint();
    }
    return true;
  }

  struct SettlingShares {
    double settled = std::numeric_limits<double>::quiet_NaN();
    double diverged = std::numeric_limits<double>::quiet_NaN();
  };
  // Of the pass that runs, so far; NaN where nothing settles.
  SettlingShares settling_shares() const {
    const SegmentSums& sums = trainer_.sums();
    if (!(sums.settling_samples > 0)) return {};
    return {sums.settled / sums.settling_samples, sums.diverged / sums.settling_samples};
  }

  void warn(const std::string& sentence) const {
    if (options_.warn && !sentence.empty()) options_.warn(sentence);
  }

  // Once, as soon as enough samples have been seen to tell.
  void warn_early() {
    constexpr double kEnough = 500;
    const bool enough = trainer_.sums().samples >= kEnough || trainer_.segment_done();
    if (warned_ || !trainer_.segment().evaluates || !enough) return;
    const SettlingShares shares = settling_shares();
    const std::string sentence = unsettled_warning(plan_, shares.settled, shares.diverged);
    warned_ = !sentence.empty();
    warn(sentence);
  }

  // As many epochs done as the caller wanted, between two of them.
  bool enough_for_now() const {
    const std::int64_t wanted = options_.stop_after_epochs;
    return wanted > 0 && trainer_.segment().epoch >= wanted;
  }

  // The arithmetic of the first minibatch that this process trains in an epoch of a pass is counted.
  void step() {
    if (counted_segment_ == trainer_.segment_index()) return trainer_.step(due_probes());
    counted_segment_ = trainer_.segment_index();
    const double before = trainer_.sums().samples;
    CountedSpan span;
    trainer_.step(due_probes());
    meter_.count(trainer_.segment().pass.name, trainer_.sums().samples - before,
                 span.stop().all().multiply_adds);
  }

  // Asked between epochs, also of a run that was killed there.
  bool stops_early() const {
    const std::size_t index = trainer_.segment_index();
    if (index == 0 || trainer_.minibatch() > 0 ||
        plan_.segments[index - 1].epoch == plan_.segments[index].epoch)
      return false;
    return recorder_.should_stop_early(plan_.segments[index].epoch);
  }

  // Probes run in wake passes, and some before training, on the first minibatch and every so many after it.
  std::vector<std::string> due_probes() const {
    std::vector<std::string> due;
    const Segment& segment = trainer_.segment();
    for (const ScheduledProbe& probe : plan_.probes) {
      const bool before = segment.pass.when == When::before_training && probe.before_training;
      if (!segment.evaluates && !before) continue;
      if (trainer_.minibatch() % static_cast<std::size_t>(probe.every) == 0) due.push_back(probe.name);
    }
    return due;
  }

  bool is_last_of_epoch() const {
    const std::size_t next = trainer_.segment_index() + 1;
    return next == plan_.segments.size() || plan_.segments[next].epoch != trainer_.segment().epoch;
  }

  void checkpoint() {
    recorder_.save_checkpoint(trainer_);
    last_checkpoint_ = Clock::now();
  }

  // Seconds per sample in the pass that runs.
  double pace() const { return recorder_.segment_seconds / std::max(trainer_.sums().samples, 1.0); }

  // What no pass has shown yet is taken to go at today's pace.
  double seconds_left() const {
    const auto per_segment = static_cast<double>(trainer_.samples_per_segment());
    double seconds = (per_segment - trainer_.sums().samples) * pace();
    for (std::size_t later = trainer_.segment_index() + 1; later < plan_.segments.size(); ++later) {
      const auto known = pace_.find(plan_.segments[later].pass.group);
      seconds += per_segment * (known == pace_.end() ? pace() : known->second);
    }
    return seconds;
  }

  void report_progress() {
    if (!options_.progress) return;
    const auto now = Clock::now();
    if (last_report_ && std::chrono::duration<double>(now - *last_report_).count() < 0.1) return;
    last_report_ = now;
    const SegmentSums& sums = trainer_.sums();
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    const auto per_segment = static_cast<std::int64_t>(trainer_.samples_per_segment());
    const std::string& pass = trainer_.segment().pass.name;
    const auto of_this_pass = [&](const Segment& segment) { return segment.pass.name == pass; };
    const auto here = plan_.segments.begin() + static_cast<std::ptrdiff_t>(trainer_.segment_index());
    options_.progress({.rule = plan_.card.id,
                       .seed = seed_,
                       .pass = pass,
                       .epoch = std::count_if(plan_.segments.begin(), here + 1, of_this_pass),
                       .epochs = std::count_if(plan_.segments.begin(), plan_.segments.end(), of_this_pass),
                       .samples = static_cast<std::int64_t>(trainer_.segment_index()) * per_segment +
                                  static_cast<std::int64_t>(sums.samples),
                       .samples_total = static_cast<std::int64_t>(plan_.segments.size()) * per_segment,
                       .samples_per_s = sums.samples / std::max(recorder_.segment_seconds, 1e-9),
                       .seconds_left = seconds_left(),
                       .loss = sums.mean_loss(),
                       .error = plan_.task == Task::classification ? sums.error() : unknown,
                       .settled = settling_shares().settled,
                       .not_finite = static_cast<std::int64_t>(sums.not_finite)});
  }

  const Plan& plan_;
  Pool& pool_;
  std::uint64_t seed_;
  TrainerBase& trainer_;
  Recorder& recorder_;
  const TrainingOptions& options_;
  Clock::time_point start_ = Clock::now(), last_checkpoint_ = Clock::now();
  std::optional<Clock::time_point> last_report_;
  SettlingShares last_settling_;                                 // of the last wake epoch
  double last_loss_ = std::numeric_limits<double>::quiet_NaN();  // of training in that epoch
  bool warned_ = false;
  SpeedMeter meter_;
  std::optional<std::size_t> counted_segment_;
  std::map<std::string, double> pace_;  // weight group that learns → seconds per sample
};

// On a full disk this cannot be written either; the run then reads as interrupted, and the first failure is the one to tell.
void note_failure(Run& run, const std::string& what) {
  try {
    run.set_status(RunStatus::failed, what);
  } catch (const Error&) {
  }
}

// From here on the run exists: whatever happens is recorded.
TrainingResult record(Session& session, std::uint64_t seed, Run& run, const TrainingOptions& options,
                      bool resumed) {
  if (options.created) options.created(run.directory());
  Recorder recorder(run, session.plan());
  try {
    if (resumed) recorder.load_checkpoint(session.trainer());
    const TrainingEnd end = TrainingLoop(session, seed, recorder, options).run();
    run.set_status(end == TrainingEnd::finished ? RunStatus::finished : RunStatus::stopped);
    const BestEpoch& best = recorder.best();
    return {run.directory(),
            run.manifest().id,
            end,
            best.test.error,
            best.test.loss,
            best.epoch,
            recorder.wake_samples / std::max(recorder.wake_seconds, 1e-9),
            recorder.speeds()};
  } catch (const std::exception& failure) {
    note_failure(run, failure.what());
    throw;
  }
}

}  // namespace

TrainingResult train(const Recipe& recipe, std::uint64_t seed, const TrainingOptions& options) {
  Session session(recipe, options.data, seed);
  RunManifest manifest = session.manifest();
  manifest.command = options.command;
  manifest.shortened = options.shortened;
  Run run = Run::create(std::move(manifest), options.runs, options.out);
  return record(session, seed, run, options, false);
}

TrainingResult resume(const std::filesystem::path& run_directory, const TrainingOptions& options) {
  const RunManifest manifest = read_manifest(run_directory);
  if (manifest.status == RunStatus::finished) {
    throw Error(run_directory.string(), "the run is finished; there is nothing to resume.",
                "`apical report` shows it.");
  }
  const auto seed = static_cast<std::uint64_t>(manifest.seed);
  Session session(recorded_recipe(manifest, run_directory), options.data, seed);
  session.require_same(manifest, run_directory.string());
  Run run = Run::resume(run_directory);
  return record(session, seed, run, options, true);
}

}  // namespace apical
