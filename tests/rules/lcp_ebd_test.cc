// Least control as energy-based dynamics; tests/rules/least_control_reference_test.cc compares it with an independent program.
#include "rules/least_control.h"

namespace apical {
namespace {

TEST(LcpEbd, AtRestHasSettled) { expect_rest_to_count_as_settled("lcp-ebd"); }
TEST(LcpEbd, SharesTheControlOfTwoLinearUnits) { expect_the_control_of_two_linear_units("lcp-ebd"); }
TEST(LcpEbd, ThatIsWeakIsBackprop) { expect_weak_control_to_teach_as("lcp-ebd", "backprop"); }
TEST(LcpEbd, OfTheCodeDividesTheErrorByTheMinibatch) {
  expect_the_code_to_divide_the_error_by_the_minibatch("lcp-ebd");
}
TEST(LcpEbd, InSinglePrecisionKeepsTheUpdate) { expect_single_precision_to_keep_the_update("lcp-ebd", {}); }

// Descending the energy and inverting the dynamics come to rest in the same place.
TEST(LcpEbd, RestsWhereDynamicInversionDoes) {
  for (const Loss loss : {Loss::cross_entropy, Loss::half_squared_error}) {
    const Toy toy = make_toy({.loss = loss, .batch = 18, .regression = loss != Loss::cross_entropy});
    Bench<double> bench(toy);
    const Change inverted = bench.run("lcp-di", at_rest("lcp-di", 0.5));
    EXPECT_LT(deviation(bench.run("lcp-ebd", at_rest("lcp-ebd", 0.5)), inverted), 1e-9);
    EXPECT_GT(deviation(bench.run("lcp-ebd", at_rest("lcp-ebd", 0.6)), inverted), 0.02);
  }
}

// ½ Σ ‖v_i − W_i r_{i−1} − b_i‖² + ℒ/α of plain loops falls from state to state.
TEST(LcpEbd, DescendsItsEnergy) {
  const Toy toy = make_toy({.batch = 3});
  Bench<double> bench(toy);
  Watching watching(toy);
  bench.minibatch().set_observer(&watching);
  bench.run("lcp-ebd", {{"reading", "paper"}, {"alpha", 0.2}, {"dt", 0.02}, {"steps", std::int64_t{400}}});
  const Naive<double> naive(toy, bench.network());
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    double before = std::numeric_limits<double>::infinity(), first = 0;
    for (const auto& state : watching.of(sample)) {
      double energy = naive.loss_of_output(sample, state.r.back()) / 0.2;
      for (std::size_t i = 1; i <= naive.L(); ++i) {
        const auto basal = naive.basal(i, state.r[i - 1]);
        for (std::size_t j = 0; j < basal.size(); ++j)
          energy += 0.5 * (state.v[i][j] - basal[j]) * (state.v[i][j] - basal[j]);
      }
      if (std::isinf(before)) first = energy;
      EXPECT_LE(energy, before + 1e-12);
      before = energy;
    }
    EXPECT_LT(before, 0.9 * first);
  }
}

}  // namespace
}  // namespace apical
