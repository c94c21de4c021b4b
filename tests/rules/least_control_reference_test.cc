// The least-control rules against an independent NumPy program that minimises the control without adjoint equations
// (tests/data/least_control/make_reference.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "network/toy.h"

namespace apical {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kFeedback = {"feedback"};

Numbers rows(const Json& matrix) {
  Numbers numbers;
  for (const Json& row : matrix) {
    for (const Json& value : row) numbers.push_back(value.get<double>());
  }
  return numbers;
}

class LeastControlReference : public ::testing::TestWithParam<std::string> {
 protected:
  LeastControlReference() {
    std::ifstream in(std::string(APICAL_TEST_DATA) + "/least_control/reference.json");
    theirs_ = Json::parse(in).at(GetParam());
    const bool classes = theirs_.at("loss") == "ce";
    toy_ = make_toy(
        {.units = theirs_.at("units").get<std::vector<std::size_t>>(),
         .output = theirs_.at("activations").back() == "sigmoid" ? Activation::sigmoid : Activation::linear,
         .loss = classes ? Loss::cross_entropy : Loss::half_squared_error,
         .batch = theirs_.at("x").size(),
         .regression = !classes});
    toy_.x = rows(theirs_.at("x"));
    if (classes) {
      toy_.labels = theirs_.at("y").get<std::vector<std::int32_t>>();
    } else {
      toy_.y = rows(theirs_.at("y"));
    }
  }

  Change run(const std::string& rule, const char* feedback = nullptr) {
    Bench<double> bench(toy_, rule);
    auto& network = bench.network();
    for (auto& w : network.group("forward")) {
      w.set_values(rows(theirs_.at("W")[w.layer() - 1]));
      w.set_bias_values(theirs_.at("b")[w.layer() - 1].get<Numbers>());
    }
    if (feedback != nullptr) {
      for (auto& w : network.group("feedback")) w.set_values(rows(theirs_.at(feedback)[w.layer() - 1]));
    }
    network.refresh_transposes();
    Overrides settings = {{"reading", theirs_.at("reading").get<std::string>()},
                          {"alpha", theirs_.at("alpha").get<double>()},
                          {"dt", 0.02},
                          {"steps", std::int64_t{30000}}};
    if (rule != "lcp-ebd") settings.insert(settings.end(), {{"tau_v", 0.1}, {"settling_tolerance", 1e-15}});
    PassContext pass;
    if (rule == "lcp-kp") pass.also = kFeedback;
    Change change = bench.run(rule, settings, pass);
    if (rule == "lcp-kp") feedback_ = bench.change("feedback");
    return change;
  }

  void expect_update(const std::string& rule, const Change& change, const Json& theirs) const {
    for (std::size_t i = 0; i < change.W.size(); ++i) {
      EXPECT_LT(apical::deviation(change.W[i], rows(theirs.at("W")[i])), 1e-8) << rule << ", layer " << i + 1;
      EXPECT_LT(apical::deviation(change.b[i], theirs.at("b")[i].get<Numbers>()), 1e-8) << rule;
    }
  }

  Json theirs_;
  Toy toy_;
  Change feedback_;
};

TEST_P(LeastControlReference, UpdatesAreThoseOfTheSmallestControl) {
  for (const char* rule : {"lcp-di", "lcp-ebd"}) expect_update(rule, run(rule), theirs_.at("least"));
}

TEST_P(LeastControlReference, UpdatesDescendTheSmallestControlsEnergy) {
  for (const char* rule : {"lcp-di", "lcp-ebd"}) {
    const Change change = run(rule);
    for (std::size_t i = 0; i < change.W.size(); ++i) {
      Numbers descent = rows(theirs_.at("gradient")[i]);
      for (double& value : descent) value = -value;
      // central differences with steps of 1e-5
      EXPECT_LT(apical::deviation(change.W[i], descent), 1e-6) << rule << ", layer " << i + 1;
    }
  }
  // random feedback does not
  EXPECT_GT(apical::deviation(run("lcp-lf", "Q").W[0], rows(theirs_.at("least").at("W")[0])), 0.1);
}

TEST_P(LeastControlReference, UpdatesThroughOtherFeedbackAreThoseOfItsFixedPoint) {
  expect_update("lcp-kp", run("lcp-kp", "chain"), theirs_.at("chained"));
  for (std::size_t i = 0; i < feedback_.W.size(); ++i)
    EXPECT_LT(apical::deviation(feedback_.W[i], rows(theirs_.at("chained_feedback")[i])), 1e-8);
  expect_update("lcp-lf", run("lcp-lf", "Q"), theirs_.at("broadcast"));
}

INSTANTIATE_TEST_SUITE_P(Networks, LeastControlReference,
                         ::testing::Values("classifier", "strong", "regression"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace apical
