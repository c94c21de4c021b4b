// What the ways to settle without taking every step have to keep, whichever they are.
#pragma once

#include <gtest/gtest.h>

#include "core/pool.h"
#include "rules/dynamics_case.h"

namespace apical {

// Samples of the last minibatch whose states were found that way.
template <class T>
std::size_t count(Bench<T>& bench, Found found) {
  std::size_t count = 0;
  for (std::size_t row = 0; row < bench.toy().batch; ++row)
    count += bench.minibatch().state().settled[row].found == found;
  return count;
}

inline void expect_same_bits_on_any_number_of_threads(const Toy& toy, const char* rule,
                                                      const Overrides& settings) {
  Change first;
  for (const unsigned threads : {1u, 2u, 5u}) {
    Pool pool(threads);
    Bench<float> bench(toy, rule, {}, pool);
    const Change change = bench.run(rule, settings);
    if (threads == 1) first = change;
    EXPECT_EQ(change.W, first.W) << rule << ", " << threads;
    EXPECT_EQ(change.b, first.b) << rule << ", " << threads;
  }
}

// What a rule says that is made with these settings; empty if it takes them.
inline std::string refusal_of(const char* rule, const Overrides& settings) {
  try {
    rule_named(rule, "test").make<double>(settings_of(rule, settings));
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace apical
