// The probes of the theory for the least-control rules, against an independent NumPy program that differentiates the nonlinear Euler step of each
// by complex steps (tests/data/least_control/make_theory.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "apical/rule.h"
#include "network/minibatch.h"
#include "probes/probe.h"
#include "probes/sample_loops.h"
#include "probes/small_network.h"

namespace apical {
namespace {

using Json = nlohmann::json;

Json read(const std::string& file) {
  std::ifstream in(std::string(APICAL_TEST_DATA) + "/least_control/" + file);
  return Json::parse(in);
}

std::vector<double> rows(const Json& matrix) {
  std::vector<double> numbers;
  for (const Json& row : matrix) {
    for (const Json& value : row) numbers.push_back(value.get<double>());
  }
  return numbers;
}

class Samples final : public SampleSource<double> {
 public:
  explicit Samples(const Json& network) : network_(network) {}
  void fill(std::size_t first, std::size_t count, BatchState<double>& batch) const override {
    for (std::size_t row = first; row < first + count; ++row) {
      copy(network_.at("x")[row], batch.rate[0].data(), row);
      const Json& y = network_.at("y")[row];
      batch.label[row] = y.is_array() ? -1 : y.get<std::int32_t>();
      if (y.is_array()) copy(y, batch.target.data(), row);
      batch.sample[row] = static_cast<std::uint32_t>(row);
    }
  }

 private:
  static void copy(const Json& numbers, double* array, std::size_t row) {
    for (std::size_t i = 0; i < numbers.size(); ++i)
      array[row * row_stride<double>(numbers.size()) + i] = numbers[i].get<double>();
  }
  const Json& network_;
};

// A rule at rest in one of the networks, with settings that bring it there whatever those that are judged do.
class LeastControlTheory : public testing::TestWithParam<std::string> {
 protected:
  LeastControlTheory()
      : file_(read("reference.json")), theory_(read("theory.json")), theirs_(file_.at(GetParam())) {}

  Loss loss() const { return theirs_.at("loss") == "ce" ? Loss::cross_entropy : Loss::half_squared_error; }

  // The named settings of the independent program, and the step of the settling that finds the rest point.
  void rest(const std::string& rule, const std::string& settings, bool as_named) {
    card_ = rule_named(rule, "test").card();
    settings_ = std::make_unique<Parameters>(card_.settings());
    settings_->set("reading", theirs_.at("reading").get<std::string>());
    settings_->set("alpha", theirs_.at("alpha").get<double>());
    named_ = theory_.at(rule == "lcp-ebd" ? "energy" : "settings").at(settings);
    const bool energy = rule == "lcp-ebd";
    settings_->set("dt", as_named ? named_.at("dt").get<double>() : 0.02);
    settings_->set("steps", std::int64_t{30000});
    if (!energy) {
      settings_->set("settling_tolerance", 1e-15);
      for (const char* gain : {"k_p", "k_i"}) settings_->set(gain, named_.at(gain).get<double>());
      settings_->set("tau_v", as_named ? named_.at("tau_v").get<double>() : 0.1);
      if (rule != "lcp-lf" && as_named) settings_->set("tau_a", named_.at("tau_a").get<double>());
    }
    const auto& functions = theirs_.at("activations");
    NetworkSpec spec;
    spec.units = theirs_.at("units").get<std::vector<std::size_t>>();
    for (const Json& name : functions)
      spec.activations.push_back(activation_named(name.get<std::string>(), "test"));
    network_ = std::make_unique<Network<double>>(spec, card_.groups, 0);
    for (auto& w : network_->group("forward")) {
      w.set_values(rows(theirs_.at("W")[w.layer() - 1]));
      w.set_bias_values(theirs_.at("b")[w.layer() - 1].get<std::vector<double>>());
    }
    if (rule == "lcp-kp" || rule == "lcp-lf") {
      for (auto& w : network_->group("feedback"))
        w.set_values(rows(theirs_.at(rule == "lcp-kp" ? "chain" : "Q")[w.layer() - 1]));
    }
    network_->refresh_transposes();
    source_ = std::make_unique<Samples>(theirs_);
    minibatch_ = std::make_unique<Minibatch<double>>(*network_, loss(), pool_, size());
    minibatch_->keep_controlled(true);
    minibatch_->assign(*rule_named(rule, "test").make<double>(*settings_), {}, size(), *source_);
  }

  std::size_t size() const { return theirs_.at("x").size(); }
  const Json& found(const std::string& settings, const std::string& rule) const {
    return theory_.at("networks").at(GetParam()).at(settings).at(rule);
  }
  ProbeValues measure(const std::string& probe) {
    return run_probe<double>(probe, {*network_, *minibatch_, card_, {}, loss(), pool_, *source_, *settings_});
  }

  Pool pool_{1};
  Json file_, theory_, named_;
  const Json& theirs_;
  Card card_;
  std::unique_ptr<Parameters> settings_;
  std::unique_ptr<Network<double>> network_;
  std::unique_ptr<Samples> source_;
  std::unique_ptr<Minibatch<double>> minibatch_;
};

const std::vector<std::string> kRules = {"lcp-di", "lcp-kp", "lcp-lf", "lcp-ebd"};

TEST_P(LeastControlTheory, ProbesFindWhatTheIndependentProgramFinds) {
  std::size_t compared = 0;
  for (const std::string& rule : kRules) {
    rest(rule, "fine", true);
    for (const auto& [probe, theirs] : found("fine", rule).items()) {
      const ProbeValues ours = measure(probe);
      for (const auto& [name, expected] : theirs.items()) {
        EXPECT_NEAR(value_of(ours, name), expected.get<double>(), 1e-6)
            << rule << ", " << probe << ", " << name;
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 4 * 2 + 2 * 2 + 2 + 2 * 3);
}

// Also where the step is too long to come to rest there.
TEST_P(LeastControlTheory, EulerStepsGrowAsTheIndependentProgramSays) {
  for (const std::string settings : {"fine", "coarse"}) {
    for (const std::string& rule : kRules) {
      rest(rule, settings, false);
      ControlledDynamics d = *minibatch_->state().dynamics;
      d.settling.dt = named_.at("dt").get<double>();
      d.settling.tau_v = named_.at("tau_v").get<double>();
      if (rule != "lcp-lf") d.settling.tau_a = named_.at("tau_a").get<double>();
      const SampleLoops<double> loops(*network_, minibatch_->state(), d);
      for (const auto& [at, probe] :
           {std::pair{At::feedforward, "stability"}, {At::controlled, "stability-controlled"}}) {
        double worst = -std::numeric_limits<double>::infinity();
        for (std::size_t row = 0; row < size(); ++row)
          worst = std::max(worst, std::log(euler_radius(loops.of(row, at), d)) / d.settling.dt);
        EXPECT_NEAR(worst, found(settings, rule).at(probe).at("Euler step").get<double>(), 1e-6)
            << rule << ", " << settings << ", " << probe;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, LeastControlTheory, testing::Values("classifier", "strong", "regression"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace apical
