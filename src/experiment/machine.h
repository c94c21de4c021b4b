// The machine's limit for a plan, and what a training reaches of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apical/cost.h"
#include "core/pool.h"
#include "experiment/plan.h"

namespace apical {

// For the plan's precision; takes a few hundredths of a second.
MachineLimit machine_limit(const Plan& plan, Pool& pool);
// Its multiply-add peak alone.
double multiply_add_peak(const Plan& plan, Pool& pool);

// Collects samples, seconds and counted multiply-adds, pass by pass.
class SpeedMeter {
 public:
  void add(const std::string& pass, double samples, double seconds);
  // A minibatch whose arithmetic was counted.
  void count(const std::string& pass, double samples, double multiply_adds);
  // In the order in which passes first ran.
  std::vector<PassSpeed> speeds(double peak_flops_per_s) const;

 private:
  struct Sums {
    std::string pass;
    double samples = 0, seconds = 0, counted_samples = 0, multiply_adds = 0;
  };
  Sums& of(const std::string& pass);

  std::vector<Sums> sums_;
};

}  // namespace apical
