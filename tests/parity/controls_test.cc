// Files that must not pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "parity/vectors.h"

namespace apical {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A place in the file, and the quantity that has to notice.
struct Spoiled {
  const char* place;
  const char* quantity;
};
void PrintTo(const Spoiled& spoiled, std::ostream* out) { *out << spoiled.place; }

class OneWrongNumber : public testing::TestWithParam<Spoiled> {};

TEST_P(OneWrongNumber, OfOneMillionthFailsItsQuantity) {
  Json file = vector_json(kP1);
  Json* number = largest_number(file.at(Json::json_pointer(GetParam().place)));
  ASSERT_NE(number, nullptr);
  *number = number->get<double>() * (1 + 1e-6);
  const ParityReport report = check(file);
  EXPECT_EQ(result_of(report, GetParam().quantity).verdict, Verdict::failed);
  EXPECT_FALSE(result_of(report, GetParam().quantity).note.empty());
  for (const ParityResult& result : report.results) {
    if (result.name != GetParam().quantity) {
      EXPECT_NE(result.verdict, Verdict::failed) << result.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    InTheAnswers, OneWrongNumber,
    testing::Values(Spoiled{"/ff/v/1", "ff.v"}, Spoiled{"/ff/loss", "ff.loss"},
                    Spoiled{"/dloss_dout", "dloss_dout"}, Spoiled{"/output_target", "output_target"},
                    Spoiled{"/bp_gradient/b/0", "bp_gradient"}, Spoiled{"/J_full", "J_full"},
                    Spoiled{"/controller/inst_nonproactive/u", "controller.inst_nonproactive.u"},
                    Spoiled{"/controller/inst_proactive/r_L", "controller.inst_proactive.r_L"},
                    Spoiled{"/controller/noninst_nonproactive_blockwise/final/v_basal/2",
                            "controller.noninst_nonproactive_blockwise.final.v_basal"},
                    Spoiled{"/controller/inst_proactive_kp0/final/v_apical",
                            "controller.inst_proactive_kp0.final.v_apical"},
                    Spoiled{"/controller/inst_nonproactive/first_steps_all_layers/v_soma/1",
                            "controller.inst_nonproactive.first_steps_all_layers.v_soma"},
                    Spoiled{"/ssa_steady_state/u", "ssa_steady_state.u"},
                    Spoiled{"/ssa_steady_state/delta_v/0", "ssa_steady_state.delta_v"},
                    Spoiled{"/forward_updates/DFC|voltage_difference|all_samples/grad/W/0",
                            "forward_updates.DFC|voltage_difference|all_samples.grad"},
                    Spoiled{"/forward_updates/DFC-SSA|derivative_matrix|all_samples/grad/b/2",
                            "forward_updates.DFC-SSA|derivative_matrix|all_samples.grad"},
                    Spoiled{"/forward_updates/DFC-SS|voltage_difference|all_samples/angle_deg_total/bp",
                            "forward_updates.DFC-SS|voltage_difference|all_samples.angle_deg_total.bp"},
                    Spoiled{"/forward_updates/DFC-SS|voltage_difference|all_samples/angle_deg_bp_per_layer_W",
                            "forward_updates.DFC-SS|voltage_difference|all_samples.angle_deg_bp_per_layer_W"},
                    Spoiled{"/adam_forward/clipped_grad/W/1", "adam_forward.clipped_grad"},
                    Spoiled{"/adam_forward/params_after_step1/b/1", "adam_forward.params_after_step1"},
                    Spoiled{"/adam_forward/params_after_step2/W/2", "adam_forward.params_after_step2"},
                    Spoiled{"/feedback_learning/u", "feedback_learning.u"},
                    Spoiled{"/feedback_learning/v_soma_final/1", "feedback_learning.v_soma_final"},
                    Spoiled{"/feedback_learning/grad_Q/0", "feedback_learning.grad_Q"},
                    Spoiled{"/feedback_learning/grad_Q_clipped_joint/1",
                            "feedback_learning.grad_Q_clipped_joint"},
                    Spoiled{"/feedback_learning/Q_after_adam_step/2", "feedback_learning.Q_after_adam_step"},
                    Spoiled{"/dfa/grad/W/0", "dfa.grad"}));

TEST(Controls, ANetworkWithOneWrongWeightFailsThroughout) {
  Json file = vector_json(kP1);
  file["W"][1][0][0] = file["W"][1][0][0].get<double>() * (1 + 1e-6);
  const ParityReport report = check(file);
  for (const char* quantity :
       {"ff.v", "bp_gradient", "J_full", "ssa_steady_state.u", "adam_forward.params_after_step2"}) {
    EXPECT_EQ(result_of(report, quantity).verdict, Verdict::failed) << quantity;
  }
}

TEST(Controls, ACountOrFlagThatIsOffByOneFails) {
  Json file = vector_json(kP1);
  const char* key = "DFC_efficient|nonlinear_difference|all_samples";
  auto& count = file["forward_updates"][key]["n_converged_diverged_neither"][0];
  count = count.get<int>() + 1;
  file["controller"]["inst_proactive"]["converged"][3] = false;
  const ParityReport report = check(file);
  EXPECT_EQ(
      result_of(report, std::string("forward_updates.") + key + ".n_converged_diverged_neither").verdict,
      Verdict::failed);
  EXPECT_EQ(result_of(report, "controller.inst_proactive.converged").verdict, Verdict::failed);
  EXPECT_EQ(report.count(Verdict::failed), 2u);
}

TEST(Controls, AnAngleThatIsNotDefinedDiffersFromEveryAngle) {
  Json file = vector_json(kP4);
  file["forward_updates"]["DFC|nonlinear_difference|only_converged"]["angle_deg_total"]["bp"] = 90.0;
  file["forward_updates"]["DFC|nonlinear_difference|all_samples"]["angle_deg_total"]["bp"] = nullptr;
  const ParityReport report = check(file);
  EXPECT_EQ(
      result_of(report, "forward_updates.DFC|nonlinear_difference|only_converged.angle_deg_total.bp").verdict,
      Verdict::failed);
  EXPECT_EQ(
      result_of(report, "forward_updates.DFC|nonlinear_difference|all_samples.angle_deg_total.bp").verdict,
      Verdict::failed);
}

TEST(Controls, AnUpdateThatShouldBeZeroFailsIfTheFileHasNone) {
  Json file = vector_json(kP4);
  file["forward_updates"]["DFC|nonlinear_difference|only_converged"]["grad"]["W"][0][0][0] = 1e-9;
  EXPECT_EQ(result_of(check(file), "forward_updates.DFC|nonlinear_difference|only_converged.grad").verdict,
            Verdict::failed);
}

// The tolerance is a matter of the time constants, not of the file's name.
TEST(Controls, ASlowApicalCompartmentAloneWidensTheTolerance) {
  for (const auto& [name, verdict] : {std::pair{kP1, Verdict::failed}, std::pair{kP5, Verdict::passed}}) {
    Json file = vector_json(name);
    Json* number = largest_number(file["output_target"]);
    *number = number->get<double>() * (1 + 5e-9);
    const ParityReport report = check(file);
    EXPECT_EQ(result_of(report, "output_target").verdict, verdict) << name;
    EXPECT_EQ(result_of(report, "output_target").tolerance, name == kP5 ? 1e-8 : 1e-9);
  }
}

TEST(Controls, FieldsThatNobodyKnowsAreSkippedByName) {
  Json file = vector_json(kP1);
  file["surprise"] = {1, 2, 3};
  file["ff"]["w"] = 4;
  file["hyper"]["sigma_wake"] = 0.5;
  file["forward_updates"]["DFC-X|nonlinear_difference|all_samples"] = {{"grad", 1}};
  const ParityReport report = check(file);
  for (const char* name : {"surprise", "ff.w", "hyper.sigma_wake"}) {
    EXPECT_EQ(result_of(report, name).verdict, Verdict::skipped) << name;
    EXPECT_EQ(result_of(report, name).note, "unknown") << name;
  }
  EXPECT_EQ(result_of(report, "forward_updates.DFC-X|nonlinear_difference|all_samples").verdict,
            Verdict::skipped);
  EXPECT_EQ(report.count(Verdict::failed), 0u);
}

TEST(MalformedFiles, ANumberThatIsNoNumberIsNotJson) {
  std::string text = vector_text(kP1);
  const std::size_t at = text.find("\"loss\":", text.find("\"ff\":")) + 7;
  text.replace(at, text.find_first_of(",}", at) - at, "NaN");
  EXPECT_THAT(error_of([&] { check_parity(TemporaryFile(text).path()); }),
              AllOf(HasSubstr(".json:1"), HasSubstr("NaN")));
}

TEST(MalformedFiles, ATruncatedFileIsRecognised) {
  const std::string text = vector_text(kP1);
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, text.size() / 2, text.size() - 3}) {
    EXPECT_THAT(error_of([&] { check_parity(TemporaryFile(text.substr(0, length)).path()); }),
                HasSubstr("JSON"))
        << length;
  }
}

TEST(MalformedFiles, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(error_of([] { check_parity("/nowhere/p9.json"); }), HasSubstr("/nowhere/p9.json"));
  EXPECT_THAT(error_of([] { check_parity(std::filesystem::temp_directory_path()); }),
              HasSubstr("cannot be read"));
}

TEST(MalformedFiles, ANumberTooLargeForDoublePrecisionIsRefused) {
  std::string text = vector_text(kP1);
  const std::size_t at = text.find("\"alpha\":") + 8;
  text.replace(at, text.find(',', at) - at, "1e999");
  EXPECT_THAT(error_of([&] { check_parity(TemporaryFile(text).path()); }), HasSubstr("too large"));
}

// A change to a good file, and what the message has to say.
struct Malformed {
  const char* what;
  void (*spoil)(Json&);
  const char* field;
  const char* expected;
  const char* found;
};
void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.what; }

class MalformedField : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedField, IsNamedWithWhatWasExpectedAndFound) {
  Json file = vector_json(kP3);
  GetParam().spoil(file);
  EXPECT_THAT(error_of([&] { check(file); }),
              AllOf(HasSubstr(".json"), HasSubstr(GetParam().field), HasSubstr(GetParam().expected),
                    HasSubstr(GetParam().found)));
}

INSTANTIATE_TEST_SUITE_P(
    Field, MalformedField,
    testing::Values(
        Malformed{"no Q", [](Json& f) { f.erase("Q"); }, "Q", "required", "missing"},
        Malformed{"no dt", [](Json& f) { f["hyper"].erase("dt"); }, "hyper.dt", "required", "missing"},
        Malformed{"no gradient",
                  [](Json& f) { f["forward_updates"]["DFC|nonlinear_difference|all_samples"].erase("grad"); },
                  "forward_updates.DFC|nonlinear_difference|all_samples.grad", "required", "missing"},
        Malformed{"no biases in a gradient", [](Json& f) { f["bp_gradient"].erase("b"); }, "bp_gradient.b",
                  "required", "missing"},
        Malformed{"short row", [](Json& f) { f["W"][1][2].erase(0); }, "W[1][2]", "a list of 8",
                  "a list of 7"},
        Malformed{"missing layer of Q", [](Json& f) { f["Q"].erase(0); }, "field Q", "a list of 3",
                  "a list of 2"},
        Malformed{"null weight", [](Json& f) { f["W"][0][1][2] = nullptr; }, "W[0][1][2]", "a number",
                  "null"},
        Malformed{"text for a number", [](Json& f) { f["x"][1][1] = "1.5"; }, "x[1][1]", "a number",
                  "the text '1.5'"},
        Malformed{"matrix for a trajectory",
                  [](Json& f) { f["controller"]["inst_proactive"]["u"] = f["W"][0]; },
                  "controller.inst_proactive.u", "a list of 50 lists", "a list of 8"},
        Malformed{"noise of too few steps", [](Json& f) { f["feedback_learning"]["noise"].erase(3); },
                  "feedback_learning.noise", "a list of 19", "a list of 18"},
        Malformed{"sizes that are not those of W", [](Json& f) { f["hyper"]["sizes"][1] = 9; },
                  "hyper.sizes[1]", "8", "9"},
        Malformed{"class out of range", [](Json& f) { f["y"][2] = 4; }, "y[2]", "a class below 4", "4"},
        Malformed{"targets that are no classes", [](Json& f) { f["y"][0] = 0.5; }, "y[0]", "a whole number",
                  "0.5"},
        Malformed{"unknown activation", [](Json& f) { f["hyper"]["act"] = "tahn"; }, "hyper.act", "tanh",
                  "'tahn'"},
        Malformed{"unknown loss", [](Json& f) { f["hyper"]["loss"] = "hinge"; }, "hyper.loss", "ce, mse",
                  "'hinge'"},
        Malformed{"biases that are said not to be there", [](Json& f) { f["hyper"]["bias"] = false; },
                  "hyper.bias", "true", "false"},
        Malformed{"step out of range", [](Json& f) { f["hyper"]["dt"] = -0.02; }, "hyper", "dt", "-0.02"},
        Malformed{"more states kept than simulated",
                  [](Json& f) { f["controller"]["inst_proactive"]["steps_kept"] = 100000; },
                  "controller.inst_proactive", "hyper.T", "100000"},
        Malformed{"update that names itself",
                  [](Json& f) {
                    auto& update = f["forward_updates"]["DFC|nonlinear_difference|only_converged"];
                    update["grad_identical_to"] = "DFC|nonlinear_difference|only_converged";
                  },
                  "DFC|nonlinear_difference|only_converged.grad_identical_to", "an entry with a gradient",
                  "a circle"},
        Malformed{"list for an object", [](Json& f) { f["ff"] = Json::array(); }, "ff", "an object",
                  "a list of 0"},
        Malformed{"empty minibatch", [](Json& f) { f["x"] = Json::array(); }, "x", "at least one sample",
                  "an empty list"}));

}  // namespace
}  // namespace apical
