// The authors' numbers, and those of a NumPy program for networks that the authors' files leave out.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/kernels.h"
#include "parity/vectors.h"

namespace apical {
namespace {

class AuthorsFiles : public testing::TestWithParam<std::string> {};

TEST_P(AuthorsFiles, AgreeInEveryQuantity) {
  const ParityReport report = check_parity(vector_file(GetParam()));
  EXPECT_GE(report.count(Verdict::passed), 120u);
  for (const ParityResult& result : report.results) {
    EXPECT_EQ(result.verdict, Verdict::passed) << result.name << ": " << result.worst << ", " << result.note;
    EXPECT_TRUE(std::isfinite(result.worst)) << result.name;
  }
}

TEST_P(AuthorsFiles, CompareEveryPartOfTheFile) {
  const ParityReport report = check_parity(vector_file(GetParam()));
  for (const char* part : {"ff.",
                           "dloss_dout",
                           "output_target",
                           "bp_gradient",
                           "J_full",
                           "gn_update.0.1",
                           "mn_update_damping0.nonlinear",
                           "controller.inst_nonproactive.u",
                           "controller.noninst_nonproactive_blockwise.final.v_apical",
                           "controller.inst_proactive_kp0.converged",
                           "ssa_steady_state.delta_v",
                           "forward_updates.DFC_efficient|nonlinear_difference|only_converged.grad",
                           "adam_forward.params_after_step2",
                           "feedback_learning.Q_after_adam_step",
                           "theory.condition2_mean",
                           "theory.jacobian_transpose_angle_deg_per_sample",
                           "theory.jacobian_pinv_angle_deg_per_sample",
                           "theory.max_real_eig_at_feedforward_point.A_tildeI",
                           "theory.max_real_eig_at_feedforward_point.A_I",
                           "theory.max_real_eig_at_feedforward_point.A_instI",
                           "theory.max_real_eig_at_feedforward_point.A_PI"}) {
    bool found = false;
    for (const ParityResult& result : report.results)
      found |= result.name.starts_with(part) && result.verdict == Verdict::passed;
    EXPECT_TRUE(found) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(Published, AuthorsFiles,
                         testing::Values(kP1, "p2_4-5-5-5-2_alltanh_nobias_mse", kP3, kP4, kP5));

class OtherFiles : public testing::TestWithParam<std::string> {};

TEST_P(OtherFiles, AgreeWithAnIndependentProgram) {
  const ParityReport report = check_parity(vector_file(GetParam()));
  EXPECT_GE(report.count(Verdict::passed), 100u);
  for (const ParityResult& result : report.results) {
    EXPECT_EQ(result.verdict, Verdict::passed) << result.name << ": " << result.worst << ", " << result.note;
  }
}

INSTANTIATE_TEST_SUITE_P(Computed, OtherFiles,
                         testing::Values("q1_delayed_one_hidden", "q2_wide_sigmoid_ce", "q3_divergent",
                                         "q4_single_layer", "q5_small_nudge", "q6_silent_outputs"));

TEST(Parity, HoldsOnEveryInstructionSetAndForTheNaiveTwins) {
  for (const std::string& kernels : available_kernels()) {
    use_kernels(kernels);
    for (const std::string& name : {kP3, kP5, std::string("q3_divergent"), kS1}) {
      const ParityReport report = check_parity(vector_file(name));
      EXPECT_EQ(report.count(Verdict::failed), 0u) << kernels << ", " << name;
      EXPECT_GE(report.count(Verdict::passed), name == kS1 ? 26u : 100u) << kernels << ", " << name;
    }
  }
  use_kernels("auto");
}

class StrongFiles : public testing::TestWithParam<std::string> {};

TEST_P(StrongFiles, AgreeInEveryQuantity) {
  const ParityReport report = check_parity(vector_file(GetParam()));
  // without biases there are two fewer
  EXPECT_GE(report.count(Verdict::passed), 24u);
  for (const ParityResult& result : report.results)
    EXPECT_EQ(result.verdict, Verdict::passed) << result.name << ": " << result.worst << ", " << result.note;
  for (const char* part :
       {"ff.v", "target_clamped", "controller_noiseless.final.v_fb", "forward_updates.Strong-DFC-SS_2phase",
        "forward_updates.Strong-DFC_2phase_continuous", "feedback_learning_2phase.low_pass_noise.grad_Q",
        "single_phase.u", "single_phase.continuous.grad_Q", "single_phase.steady_state.grad_W"}) {
    EXPECT_EQ(result_of(report, part).verdict, Verdict::passed) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(Published, StrongFiles, testing::Values(kS1));
INSTANTIATE_TEST_SUITE_P(Computed, StrongFiles,
                         testing::Values("r1_strong_mse_nobias", "r2_strong_deep_hard_labels",
                                         "r3_strong_single_layer"));

}  // namespace
}  // namespace apical
