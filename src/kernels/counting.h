// The kernels in use, each call entered into the account of core/profile.h.
#pragma once

#include "core/profile.h"
#include "kernels/kernels.h"

namespace apical {

// A table that does what `plain` does and counts it. One plain table per number type at a time: the latest.
template <class T>
const Kernels<T>& counting_table(const Kernels<T>& plain);
const PairKernels& counting_table(const PairKernels& plain);

// From construction to stop() or destruction, kernels<T>() count and the account runs. Not safe while kernels run; one at a time.
class CountedSpan {
 public:
  CountedSpan();
  ~CountedSpan();
  CountedSpan(const CountedSpan&) = delete;
  CountedSpan& operator=(const CountedSpan&) = delete;

  profile::Account stop();

 private:
  bool counting_ = true;
};

}  // namespace apical
