// Files of strong feedback that must not pass, or that say less than they might.
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

class OneWrongStrongNumber : public testing::TestWithParam<Spoiled> {};

TEST_P(OneWrongStrongNumber, OfOneMillionthFailsItsQuantityAndNoOther) {
  Json file = vector_json(kS1);
  Json* number = largest_number(file.at(Json::json_pointer(GetParam().place)));
  ASSERT_NE(number, nullptr);
  *number = number->get<double>() * (1 + 1e-6);
  const ParityReport report = check(file);
  EXPECT_EQ(result_of(report, GetParam().quantity).verdict, Verdict::failed);
  EXPECT_EQ(report.count(Verdict::failed), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    InTheAnswers, OneWrongStrongNumber,
    testing::Values(
        Spoiled{"/ff/v/1", "ff.v"}, Spoiled{"/ff/r/2", "ff.r"}, Spoiled{"/loss", "loss"},
        Spoiled{"/target_clamped", "target_clamped"},
        Spoiled{"/controller_noiseless/u", "controller_noiseless.u"},
        Spoiled{"/controller_noiseless/r_L", "controller_noiseless.r_L"},
        Spoiled{"/controller_noiseless/final/v_ff/1", "controller_noiseless.final.v_ff"},
        Spoiled{"/controller_noiseless/final/v_fb/2", "controller_noiseless.final.v_fb"},
        Spoiled{"/controller_noiseless/final/per_sample_loss", "controller_noiseless.final.per_sample_loss"},
        Spoiled{"/forward_updates/Strong-DFC-SS_2phase/W/1", "forward_updates.Strong-DFC-SS_2phase"},
        Spoiled{"/forward_updates/Strong-DFC_2phase_continuous/b/0",
                "forward_updates.Strong-DFC_2phase_continuous"},
        Spoiled{"/feedback_learning_2phase/white_noise_slow_apical/grad_Q/0",
                "feedback_learning_2phase.white_noise_slow_apical.grad_Q"},
        Spoiled{"/feedback_learning_2phase/low_pass_noise/grad_Q/2",
                "feedback_learning_2phase.low_pass_noise.grad_Q"},
        Spoiled{"/feedback_learning_2phase/low_pass_noise/scaling_per_layer",
                "feedback_learning_2phase.low_pass_noise.scaling_per_layer"},
        Spoiled{"/single_phase/u", "single_phase.u"},
        Spoiled{"/single_phase/v_fb_final/0", "single_phase.v_fb_final"},
        Spoiled{"/single_phase/continuous/grad_W/2", "single_phase.continuous.grad_W"},
        Spoiled{"/single_phase/continuous/grad_b/1", "single_phase.continuous.grad_b"},
        Spoiled{"/single_phase/continuous/grad_Q/1", "single_phase.continuous.grad_Q"},
        Spoiled{"/single_phase/steady_state/grad_W/1", "single_phase.steady_state.grad_W"},
        Spoiled{"/single_phase/steady_state/grad_Q/0", "single_phase.steady_state.grad_Q"}));

// What a setting says is used: another value changes what it governs.
TEST(StrongControls, EverySettingTakesPart) {
  for (const auto& [setting, quantity] : std::vector<std::pair<const char*, const char*>>{
           {"alpha", "controller_noiseless.final.u"},
           {"k_p", "controller_noiseless.u"},
           {"dt", "controller_noiseless.u"},
           {"tcr", "controller_noiseless.r_L"},
           {"tcv", "target_clamped"},
           {"alpha_fb", "feedback_learning_2phase.white_noise_slow_apical.grad_Q"},
           {"k_p_fb", "feedback_learning_2phase.white_noise_slow_apical.grad_Q"},
           {"tcr_fb", "feedback_learning_2phase.low_pass_noise.scaling_per_layer"},
           {"tau_a_fb", "feedback_learning_2phase.low_pass_noise.grad_Q"},
           {"sigma_fb", "feedback_learning_2phase.white_noise_slow_apical.grad_Q"},
           {"sigma_out_fb", "feedback_learning_2phase.white_noise_slow_apical.grad_Q"},
           {"sigma", "single_phase.u"},
           {"sigma_out", "single_phase.v_fb_final"},
           {"tau_f", "single_phase.continuous.grad_Q"},
           {"tau_noise", "single_phase.continuous.grad_Q"}}) {
    Json file = vector_json(kS1);
    file["hyper"][setting] = file["hyper"][setting].get<double>() * 0.999;
    EXPECT_EQ(result_of(check(file), quantity).verdict, Verdict::failed) << setting;
  }
}

TEST(StrongControls, PartsThatAFileLeavesOutAreNotAskedFor) {
  Json file = vector_json(kS1);
  for (const char* field :
       {"loss", "feedback_learning_2phase", "ratio_fb_over_ff_official_fn", "name", "how"})
    file.erase(field);
  file["single_phase"].erase("continuous");
  file["controller_noiseless"]["final"].erase("per_sample_loss");
  for (const char* setting : {"sizes", "B", "seed", "tau_a_fb"}) file["hyper"].erase(setting);
  const ParityReport report = check(file);
  EXPECT_EQ(report.count(Verdict::passed), report.results.size());
  EXPECT_EQ(result_of(report, "single_phase.u").verdict, Verdict::passed);
  EXPECT_EQ(result_of(report, "single_phase.steady_state.grad_Q").verdict, Verdict::passed);
}

TEST(StrongControls, FieldsAndVariantsThatNobodyKnowsAreSkippedByName) {
  Json file = vector_json(kS1);
  file["surprise"] = 1;
  file["hyper"]["sigma_wake"] = 0.5;
  file["forward_updates"]["Strong-DFC-X"] = {{"W", 1}};
  file["feedback_learning_2phase"]["pink_noise"] = {{"grad_Q", 1}};
  file["ratio_fb_over_ff_official_fn"] = {1, 2, 3};
  const ParityReport report = check(file);
  for (const char* name : {"surprise", "hyper.sigma_wake", "forward_updates.Strong-DFC-X",
                           "feedback_learning_2phase.pink_noise", "ratio_fb_over_ff_official_fn"}) {
    EXPECT_EQ(result_of(report, name).verdict, Verdict::skipped) << name;
  }
  EXPECT_EQ(report.count(Verdict::failed), 0u);
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

class MalformedStrongField : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedStrongField, IsNamedWithWhatWasExpectedAndFound) {
  Json file = vector_json(kS1);
  GetParam().spoil(file);
  EXPECT_THAT(error_of([&] { check(file); }),
              AllOf(HasSubstr(".json"), HasSubstr(GetParam().field), HasSubstr(GetParam().expected),
                    HasSubstr(GetParam().found)));
}

INSTANTIATE_TEST_SUITE_P(
    Field, MalformedStrongField,
    testing::Values(
        Malformed{"no target", [](Json& f) { f.erase("target_clamped"); }, "target_clamped", "required",
                  "missing"},
        Malformed{"no noise time", [](Json& f) { f["hyper"].erase("tau_noise"); }, "hyper.tau_noise",
                  "required", "missing"},
        Malformed{"no time for the filter", [](Json& f) { f["hyper"]["tau_f"] = 0; }, "hyper.tau_f",
                  "above 0", "0"},
        Malformed{"noise of too few steps", [](Json& f) { f["single_phase"]["noise"].erase(3); },
                  "single_phase.noise", "a list of 24", "a list of 23"},
        Malformed{"noise without a layer",
                  [](Json& f) { f["feedback_learning_2phase"]["low_pass_noise"]["noise"][2].erase(0); },
                  "feedback_learning_2phase.low_pass_noise.noise[2]", "a list of 3", "a list of 2"},
        Malformed{"short control", [](Json& f) { f["single_phase"]["u"].erase(0); }, "single_phase.u",
                  "a list of 25", "a list of 24"},
        Malformed{"class out of range", [](Json& f) { f["labels"][1] = 4; }, "labels[1]", "a class below 4",
                  "4"},
        Malformed{"no labels", [](Json& f) { f.erase("labels"); }, "the field y", "required", "missing"},
        Malformed{"unknown loss", [](Json& f) { f["hyper"]["loss"] = "hinge"; }, "hyper.loss", "ce, mse",
                  "'hinge'"},
        Malformed{"soft label above 1", [](Json& f) { f["hyper"]["tcv"] = 1.5; }, "hyper", "true_class",
                  "1.5"},
        Malformed{"biases that are not there", [](Json& f) { f["b"] = nullptr; }, "forward_updates", "null",
                  "a value"},
        Malformed{"gradients of biases left out",
                  [](Json& f) { f["single_phase"]["continuous"].erase("grad_b"); },
                  "single_phase.continuous.grad_b", "required", "missing"}));

}  // namespace
}  // namespace apical
