// Readings, delays and bookkeepings of the simulated rules of the DFC family, for the engine and for plain loops.
#pragma once

#include <string>

#include "network/naive.h"

namespace apical {

// Settings with some of them replaced, or more of them.
inline Overrides with(Overrides all, const Overrides& more) {
  for (const auto& [name, value] : more) {
    std::erase_if(all, [&, key = name](const auto& setting) { return setting.first == key; });
    all.emplace_back(name, value);
  }
  return all;
}

struct DynamicsCase {
  const char* name;
  const char* reading = "code";
  const char* transmission = "instantaneous";
  bool proactive = true;
  double k_p = 2, tau_a = -1;
  const char* plasticity = "rates";
  const char* bookkeeping = "stored";

  bool code() const { return std::string(reading) == "code"; }
  bool delayed() const { return std::string(transmission) == "delayed"; }
  bool streaming() const { return std::string(bookkeeping) == "streaming"; }
};

constexpr double kAlpha = 0.2, kDt = 0.02, kTauV = 0.2;

inline Overrides overrides_of(const DynamicsCase& c, std::int64_t states, double step) {
  return {{"reading", c.reading},
          {"transmission", c.transmission},
          {"proactive", c.proactive},
          {"k_p", c.k_p},
          {"tau_a", c.tau_a},
          {"plasticity", c.plasticity},
          {"alpha", kAlpha},
          {"dt", kDt},
          {"tau_v", kTauV},
          {"steps", states},
          {"target_step", step},
          {"bookkeeping", c.bookkeeping},
          {"include_non_converged", true}};
}

inline Naive<long double>::Dynamics dynamics_of(const DynamicsCase& c, std::int64_t states) {
  return {.k_p = c.k_p,
          .alpha = kAlpha,
          .dt = kDt,
          .tau_v = kTauV,
          .tau_a = c.tau_a,
          .leak_on_control = c.code(),
          .instantaneous = !c.delayed(),
          .proactive = c.proactive,
          .steps = static_cast<int>(states)};
}

// λ/B in the authors' code, λ in the paper.
inline long double nudge_of(const DynamicsCase& c, double step, std::size_t batch) {
  return c.code() ? static_cast<long double>(step) / static_cast<long double>(batch) : step;
}

}  // namespace apical
