// What the page knows of single probes beyond their numbers.
#pragma once

#include <optional>
#include <span>

namespace apical::report {

struct KnownProbe {
  const char *name, *title, *y_label;
  const char* expect;  // one sentence: what it should look like
  std::optional<double> ceiling, step, reference;
  const char* reference_label;
};

// In reading order.
std::span<const KnownProbe> known_probes();

}  // namespace apical::report
