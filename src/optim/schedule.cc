#include <algorithm>
#include <cmath>
#include <numbers>

#include "apical/optimizer.h"

namespace apical {
namespace {

// From 1 at progress 0 to the final factor at progress 1, and there for good.
double cosine(const OptimizerSettings& settings, double progress) {
  const double angle = std::numbers::pi * std::clamp(progress, 0.0, 1.0);
  return settings.final_factor + (1 - settings.final_factor) * (1 + std::cos(angle)) / 2;
}

}  // namespace

double schedule_factor(const OptimizerSettings& settings, double epoch, double epochs) {
  const double end = settings.decay_epochs > 0 ? static_cast<double>(settings.decay_epochs) : epochs;
  const double warmup = static_cast<double>(settings.warmup_epochs);
  switch (settings.schedule) {
    case RateSchedule::constant:
      return 1;
    case RateSchedule::step:
      return std::pow(settings.step_factor, std::floor(epoch / static_cast<double>(settings.step_epochs)));
    case RateSchedule::cosine:
      return cosine(settings, end > 0 ? epoch / end : 1);
    case RateSchedule::warmup_cosine:
      if (epoch < warmup) return epoch / warmup;
      return cosine(settings, end > warmup ? (epoch - warmup) / (end - warmup) : 1);
  }
  return 1;
}

}  // namespace apical
