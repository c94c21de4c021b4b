// Where arithmetic and time go: an account of what the threads of this process do, by phase of a training step and by kind of work. Off, a
// scope costs one read of a flag; on, two readings of the clock. Results do not depend on it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace apical::profile {

// What a training step is made of. A thread is in one phase at a time; the innermost scope counts.
enum class Phase : std::uint8_t {
  data,         // samples gathered and standardised
  feedforward,  // the feedforward pass and the loss
  credit,       // the rule assigns credit: settling, or its own passes
  plasticity,   // a tile's local equations: the factors of outer products, and the products of settling steps
  update,       // the minibatch's outer products, proposals of tiles added up
  optimizer,    // weights moved, clipping norms, transposed copies
  evaluation,   // forward passes that nothing is learned from
  checkpoint    // written to disk
};
inline constexpr std::array<const char*, 8> kPhaseNames = {
    "data", "feedforward", "credit", "plasticity", "update", "optimizer", "evaluation", "checkpoint"};
inline constexpr std::size_t kPhases = kPhaseNames.size();

// Kinds of arithmetic.
enum class Work : std::uint8_t {
  product,        // C = A Wᵀ
  outer_product,  // G += Eᵀ X
  law,            // one Euler step of neurons
  activation,     // φ and φ'
  difference,     // φ(v + d) − φ(v)
  noise,          // standard normal numbers
  addition,       // sums, scaled sums, column sums, products number by number
  transpose,      // panels of Wᵀ
  solve,          // dense linear systems
  rounding        // factors to bfloat16
};
inline constexpr std::array<const char*, 10> kWorkNames = {
    "product", "outer product", "law",       "activation", "difference",
    "noise",   "addition",      "transpose", "solve",      "rounding"};
inline constexpr std::size_t kWorks = kWorkNames.size();

// What one kind of work in one phase came to, over all threads.
struct Tally {
  std::uint64_t calls = 0;
  double multiply_adds = 0;  // of products, outer products and solves, unpadded
  double elements = 0;       // numbers that pointwise work wrote
  double bytes = 0;          // of its operands and results, each counted once a call, wherever they lay
  double seconds = 0;        // summed over threads
};

struct Account {
  std::array<std::array<Tally, kWorks>, kPhases> work{};  // [phase][work]
  std::array<double, kPhases> seconds{};  // of each phase, its work included, summed over threads
  double settling_steps = 0;              // Euler steps times samples

  const Tally& at(Phase phase, Work kind) const {
    return work[static_cast<std::size_t>(phase)][static_cast<std::size_t>(kind)];
  }
  // Over all phases, over all kinds.
  Tally of(Work kind) const;
  Tally of(Phase phase) const;
  Tally all() const;
  Account& operator+=(const Account& other);
};
Tally& operator+=(Tally& sum, const Tally& other);

// Begins an account from zero; ends it and returns what it holds. Neither is safe while a pool's jobs run.
void start();
Account stop();

namespace detail {
using Clock = std::chrono::steady_clock;
extern std::atomic<bool> running;
// A thread's own page; what it holds outlives the thread.
struct Page {
  Account account;
  Phase phase = Phase::data;
  bool in_phase = false;
  Clock::time_point since;
};
Page& page();
inline double seconds_between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}
}  // namespace detail

inline bool on() { return detail::running.load(std::memory_order_relaxed); }

// Nothing is entered into a running account while it lives. Not safe while a pool's jobs run.
class Pause {
 public:
  Pause() : was_on_(on()) { detail::running.store(false, std::memory_order_relaxed); }
  ~Pause() { detail::running.store(was_on_, std::memory_order_relaxed); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  bool was_on_;
};

// The thread is in this phase until the scope ends.
class PhaseScope {
 public:
  explicit PhaseScope(Phase phase) {
    if (on()) enter(phase);
  }
  ~PhaseScope() {
    if (page_ != nullptr) leave();
  }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  void enter(Phase phase);
  void leave();

  detail::Page* page_ = nullptr;
  Phase outer_ = Phase::data;
  bool in_outer_ = false;
};

// Counts one call, in the phase that the thread is in; outside of any, as feedforward. `tally` says what it did, but for calls and seconds.
class WorkScope {
 public:
  WorkScope(Work kind, const Tally& tally) {
    if (on()) enter(kind, tally);
  }
  ~WorkScope() {
    if (tally_ != nullptr) tally_->seconds += detail::seconds_between(start_, detail::Clock::now());
  }
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

 private:
  void enter(Work kind, const Tally& tally);

  Tally* tally_ = nullptr;
  detail::Clock::time_point start_;
};

// A tile of `samples` took `steps` Euler steps.
void add_settling_steps(double steps, double samples);

}  // namespace apical::profile
