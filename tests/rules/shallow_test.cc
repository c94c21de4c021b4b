#include <gtest/gtest.h>

#include "network/toy.h"

namespace apical {
namespace {

template <class T>
void expect_only_the_read_out_moves() {
  for (const std::size_t batch : {std::size_t{1}, std::size_t{35}}) {
    const Toy toy =
        make_toy({.output = Activation::sigmoid, .loss = Loss::mean_squared_error, .batch = batch});
    Bench<T> bench(toy);
    const Change backprop = bench.run("backprop");
    // what another rule proposed before must not linger
    const Change change = bench.run("shallow");
    for (std::size_t i = 0; i + 1 < change.W.size(); ++i) {
      EXPECT_EQ(change.W[i], Numbers(change.W[i].size(), 0.0)) << "layer " << i + 1;
      EXPECT_EQ(change.b[i], Numbers(change.b[i].size(), 0.0)) << "layer " << i + 1;
    }
    EXPECT_EQ(change.W.back(), backprop.W.back());
    EXPECT_EQ(change.b.back(), backprop.b.back());
    EXPECT_GT(length(change.W.back()), 0);
  }
}

TEST(Shallow, OnlyTheReadOutMovesAndMovesLikeBackprop) {
  expect_only_the_read_out_moves<double>();
  expect_only_the_read_out_moves<float>();
}

TEST(Shallow, OfOneLayerIsBackprop) {
  const Toy toy = make_toy({.units = {6, 3}, .batch = 5});
  Bench<double> bench(toy);
  EXPECT_LT(deviation(bench.run("shallow"), bench.run("backprop")), 1e-15);
}

}  // namespace
}  // namespace apical
