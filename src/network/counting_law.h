// A law whose calls are entered into the account of core/profile.h.
#pragma once

#include "apical/trial.h"
#include "core/profile.h"

namespace apical {

// The law that this thread counts; laws are plain functions and carry no state of their own.
template <class T>
inline thread_local LawFunction<T> counted_law = nullptr;

template <class T>
void counting_law(const LawStep<T>& step) {
  // feedback, v, ρ and the three values of the base point, and what is there of the others
  const std::size_t arrays = 7 + (step.v_ff != nullptr) + (step.noise != nullptr) +
                             2 * (step.v_fb != nullptr) + (step.rate_deviation_ff != nullptr) +
                             (step.rate != nullptr);
  const std::size_t neurons = step.rows * step.width;
  const profile::WorkScope scope(
      profile::Work::law,
      {.elements = static_cast<double>(neurons), .bytes = static_cast<double>(neurons * arrays * sizeof(T))});
  counted_law<T>(step);
}

// The law itself, unless the account is being kept.
template <class T>
LawFunction<T> counted(LawFunction<T> law) {
  if (!profile::on()) return law;
  counted_law<T> = law;
  return &counting_law<T>;
}

}  // namespace apical
